/// Why a session cannot go on. The caller closes the connection; answers not yet received are lost.
package enum SessionError: Error, Equatable, Sendable {
  /// The first line is no IMAP greeting; the excerpt is printable.
  case notIMAP(String)
  /// A line that leaves unclear what belongs to what; the excerpt is printable.
  case malformed(String)
  /// A tagged answer to nothing that was asked.
  case unexpectedTag(String)
  /// A `+` that nothing waits for.
  case unexpectedContinuation
  /// Octets between the OK of STARTTLS and the handshake: response injection.
  case plaintextAfterStartTLS
  /// More than the session may hold; says which limit of SessionLimits.
  case limit(Limit)
  /// The stream ended without LOGOUT; `isMidResponse` where a response was cut.
  case closed(isMidResponse: Bool)

  package enum Limit: String, Equatable, Sendable {
    case responseLength = "response length"
    case literalLength = "literal length"
    case nestingDepth = "nesting depth"
    case listCount = "list length"
  }
}

extension SessionError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notIMAP(let excerpt): "\(summary); it said: \(excerpt)"
    case .malformed(let excerpt): "\(summary): \(excerpt)"
    case .unexpectedTag(let tag): "\(summary): \(tag)"
    default: summary
    }
  }

  /// Without a word of the server's.
  package var summary: String {
    switch self {
    case .notIMAP: "the server does not speak IMAP"
    case .malformed: "the server sent what is not IMAP"
    case .unexpectedTag: "the server answered a command that was not sent"
    case .unexpectedContinuation: "the server asked to continue a command that was complete"
    case .plaintextAfterStartTLS: "the server sent unencrypted data after STARTTLS; someone may be tampering"
    case .limit(let limit): "the server exceeded the limit on \(limit.rawValue)"
    case .closed(isMidResponse: true): "the server closed the connection in the middle of a response"
    case .closed(isMidResponse: false): "the server closed the connection"
    }
  }
}
