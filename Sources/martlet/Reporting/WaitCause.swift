import Ports

/// Why an account waits for its next try, in the words of the status, of the log and of the service manager's line;
/// martlet(1) lists them.
enum WaitCause {
  static let heldByAnother = "held by another"
  static let failed = "failed"
}

extension StoreError.Kind {
  var cause: String {
    switch self {
    case .unavailable: "not reached"
    case .refusedLogin: "login refused"
    case .untrusted: "not encrypted safely"
    case .noPassword: "no password"
    case .needsPerson: "needs a person"
    case .held: WaitCause.heldByAnother
    case .gone, .refused, .internalFault, .cancelled: WaitCause.failed
    case .noSpace: "no space"
    }
  }
}
