/// A message's number in one mailbox, never zero (RFC 9051 §2.3.1.1).
package struct UID: RawRepresentable, Hashable, Comparable, Sendable {
  package let rawValue: UInt32

  /// Nil for zero, which no message has.
  package init?(rawValue: UInt32) {
    guard rawValue != 0 else { return nil }
    self.rawValue = rawValue
  }

  package static let first = UID(unchecked: 1)
  package static let last = UID(unchecked: .max)

  /// The next number up, nil after the highest.
  package var next: UID? {
    rawValue == .max ? nil : UID(unchecked: rawValue + 1)
  }

  package static func < (left: UID, right: UID) -> Bool { left.rawValue < right.rawValue }

  init(unchecked rawValue: UInt32) { self.rawValue = rawValue }
}

extension UID: CustomStringConvertible, ExpressibleByIntegerLiteral {
  package var description: String { String(rawValue) }

  /// For tests and constants; zero is a programming error.
  package init(integerLiteral value: UInt32) {
    precondition(value != 0, "a UID is never zero")
    self.init(unchecked: value)
  }
}

/// The promise under which a mailbox's UIDs keep their meaning (RFC 9051 §2.3.1.1). Some servers say 0.
package struct UIDValidity: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }
  package var description: String { String(rawValue) }
}

/// A CONDSTORE modification sequence, 63 bits (RFC 7162 §3.1). Zero is "none known".
package struct ModSequence: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }
  package static let none = ModSequence(rawValue: 0)
  package static func < (left: ModSequence, right: ModSequence) -> Bool { left.rawValue < right.rawValue }
  package var description: String { String(rawValue) }
}
