/// The human part of a status response, with what is for machines in front of it.
package struct ResponseText: Equatable, Sendable, CustomStringConvertible {
  package let code: ResponseCode?
  /// Printable and cut; may be empty.
  package let text: String

  package init(code: ResponseCode? = nil, text: String = "") {
    self.code = code
    self.text = text
  }

  package var description: String { code.map { "[\($0)] \(text)" } ?? text }
}

/// The tagged answer to a command.
package struct Completion: Equatable, Sendable, CustomStringConvertible {
  package enum Status: String, Sendable { case ok = "OK", no = "NO", bad = "BAD" }

  package let status: Status
  /// Only where it is legal in the answer to this command: APPENDUID in that of APPEND, and so on.
  package let code: ResponseCode?
  /// Printable and cut; may be empty.
  package let text: String

  package init(_ status: Status, code: ResponseCode? = nil, text: String = "") {
    self.status = status
    self.code = code
    self.text = text
  }

  package var isOK: Bool { status == .ok }
  package var description: String { "\(status.rawValue) \(ResponseText(code: code, text: text))" }
}

/// The server's first line (RFC 9051 §7.1).
package struct Greeting: Equatable, Sendable, CustomStringConvertible {
  package enum Kind: String, Sendable { case ok = "OK", preauth = "PREAUTH", bye = "BYE" }

  package let kind: Kind
  package let text: ResponseText

  package init(_ kind: Kind, _ text: ResponseText = .init()) {
    self.kind = kind
    self.text = text
  }

  package var description: String { "\(kind.rawValue) \(text)" }
}
