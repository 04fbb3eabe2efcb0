import IMAP
import Mail
import Ports

extension IMAPStore {
  /// What a NO or BAD means for who asked: how far the damage reaches, and the server's words.
  func refusal(_ answer: Completion, _ what: String, _ scope: StoreError.Scope) -> StoreError {
    let text = "\(title): \(what): \(answer.text.isEmpty ? answer.status.rawValue : printable(answer.text))"
    switch answer.code {
    // LIMIT is what Dovecot says to one message that is too large for its quota rules.
    case .overQuota, .tooBig, .limit: return StoreError(scope, .noSpace, text)
    case .tryCreate, .nonExistent: return StoreError(max(scope, .folder), .gone, text)
    // RFC 5530 §3: it may work later, for this or any message.
    case .unavailable, .inUse, .serverBug, .throttled:
      return StoreError(max(scope, .folder), .unavailable, text)
    case .authenticationFailed, .authorizationFailed, .expired, .privacyRequired:
      return StoreError(.account, .refusedLogin, text)
    // Another session may do what this one, which is not used again, cannot do for any message.
    case _ where answer.status == .no && Quirks.saysOutdatedSession(answer.text):
      return StoreError(max(scope, .folder), .unavailable, text)
    default: return StoreError(scope, .refused, text)
    }
  }
}

extension StoreError {
  /// True of an answer that says no to just what was asked, for want of a right or of room: all else goes on (law L11).
  /// False where the server is in trouble, or the folder is not there.
  var isPlainNo: Bool { scope < .account && (kind == .refused || kind == .noSpace) }

  init(streamError error: StreamError, _ title: String) {
    let kind: Kind =
      switch error.kind {
      case .unreachable, .closed, .timedOut: .unavailable
      case .untrusted: .untrusted
      case .cancelled: .cancelled
      }
    self.init(.account, kind, "\(title): \(printable(error.text))")
  }
}
