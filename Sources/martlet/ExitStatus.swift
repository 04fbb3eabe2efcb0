import Ports

/// What the process ends with, after sysexits.h so that systemd shows the names. Where several apply, the highest.
enum ExitStatus: Int32, Comparable, Sendable {
  /// Everything asked for is in sync.
  case success = 0
  /// Finished, but something could not be synced; each is named on standard error.
  case incomplete = 1
  case usage = 64
  /// A server could not be reached, closed on us, or does not speak IMAP.
  case unavailable = 69
  /// An error in martlet itself.
  case software = 70
  /// Another martlet holds the account.
  case temporaryFailure = 75
  /// The login was refused, or could not be tried for want of a password, or the certificate was not verified.
  case noPermission = 77
  case configuration = 78

  static func < (left: ExitStatus, right: ExitStatus) -> Bool { left.rawValue < right.rawValue }

  /// Of a whole account that could not be synced.
  init(_ error: StoreError) { self.init(error.kind) }

  init(_ kind: StoreError.Kind) {
    switch kind {
    case .unavailable, .cancelled: self = .unavailable
    case .refusedLogin, .untrusted, .noPassword: self = .noPermission
    case .needsPerson, .refused, .noSpace, .gone: self = .incomplete
    case .internalFault: self = .software
    case .held: self = .temporaryFailure
    }
  }
}
