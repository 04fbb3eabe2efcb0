package import Mail

/// What a session asks for or tells, to be carried out in this order.
package enum SessionEffect: Equatable, Sendable {
  /// Octets for the server. They may hold a password: never for a log, see `Command.description`.
  case write([UInt8])
  /// Only where traced: a line of the `.write` that follows, fit for a log (laws L12, L13).
  case sent(String)
  /// Only where traced: a line of what was received, fit for a log, before what it says.
  case heard(String)
  /// The message of this APPEND is to be written now, its announced size exactly, then `.uploaded` told. No `.write`
  /// comes in between. The command may be answered (NO) before the upload is done; it is finished all the same.
  case upload(CommandID)
  /// TLS begins now. Comes after the `.completed` of STARTTLS.
  case secure
  /// The first line. After STARTTLS none comes. A `.preauth` where TLS was wanted first cannot be secured any more.
  case greeted(Greeting)
  case untagged(Untagged)
  /// The server accepted IDLE; its words tell Courier's modes apart. Events may have come before it.
  case idling(CommandID, text: String)
  /// BODY[] of a FETCH begins; its octets follow, then `.bodyEnded`, then the `.untagged(.fetch)` it belongs to (or
  /// `.untagged(.unreadable)`, which makes it void). Nothing else comes in between.
  case bodyBegan(BodyStart)
  case body([UInt8])
  case bodyEnded
  case completed(CommandID, Completion)
  /// The session is over, and the caller closes. Comes once, as the last effect.
  case failed(SessionError)
}

/// What is known when the octets of a BODY[] begin.
package struct BodyStart: Equatable, Sendable {
  package let sequenceNumber: UInt32
  /// Nil where the server tells it after the body; then it is in the FetchResponse.
  package let uid: UID?
  /// Octets that will come.
  package let size: Int
  /// The first octet's position, for a partial FETCH (`BODY[]<0>`).
  package let origin: Int?

  package init(sequenceNumber: UInt32, uid: UID?, size: Int, origin: Int? = nil) {
    self.sequenceNumber = sequenceNumber
    self.uid = uid
    self.size = size
    self.origin = origin
  }
}

extension BodyStart: CustomStringConvertible {
  package var description: String {
    "\(sequenceNumber)\(uid.map { " UID \($0)" } ?? "")\(origin.map { " from \($0)" } ?? ""), \(size) octets"
  }
}

extension SessionEffect: CustomStringConvertible, CustomDebugStringConvertible {
  /// Shows no octets that were or will be on the wire (law L13).
  package var description: String {
    switch self {
    case .write(let bytes): "write \(bytes.count) octets"
    case .sent(let line): "sent \(line)"
    case .heard(let line): "heard \(line)"
    case .upload(let id): "upload \(id)"
    case .secure: "secure"
    case .greeted(let greeting): "greeted \(greeting)"
    case .untagged(let untagged): "* \(untagged)"
    case .idling(let id, let text): "idling \(id) \(text)"
    case .bodyBegan(let start): "body began, \(start)"
    case .body(let bytes): "body \(bytes.count) octets"
    case .bodyEnded: "body ended"
    case .completed(let id, let completion): "completed \(id) \(completion)"
    case .failed(let error): "failed: \(error)"
    }
  }

  package var debugDescription: String { description }
}
