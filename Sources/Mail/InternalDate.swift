/// When a message was received (INTERNALDATE, RFC 9051 §2.3.3): whole seconds since 1970 UTC.
///
/// The zone in which a server writes it is presentation, and not kept: a file's modification time has none either.
package struct InternalDate: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let secondsSince1970: Int64
  package init(secondsSince1970: Int64) { self.secondsSince1970 = secondsSince1970 }
  package static func < (left: InternalDate, right: InternalDate) -> Bool {
    left.secondsSince1970 < right.secondsSince1970
  }
  package var description: String { String(secondsSince1970) }
}
