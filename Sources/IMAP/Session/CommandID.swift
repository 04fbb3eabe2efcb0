/// The caller's name for one command; the session makes the tag of it. Not reused while the command is unanswered.
package struct CommandID: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }
}

extension CommandID: CustomStringConvertible, ExpressibleByIntegerLiteral {
  package var description: String { String(rawValue) }
  package init(integerLiteral value: UInt64) { self.init(rawValue: value) }
}
