import Engine
import Ports

/// `2 accounts: personal watching (NOTIFY), work: login refused`, for `systemctl status`.
@Loop
enum StatusLine {
  /// `outOfService` are accounts whose lock or ledger could not be had.
  static func text(
    _ accounts: [(name: String, reporter: AccountReporter)], outOfService: [String] = []
  ) -> String {
    var parts = accounts.map { name, reporter in
      switch reporter.phase {
      case .stopped: "\(name) stopped"
      case .connecting: "\(name) connecting"
      case .syncing: "\(name) syncing"
      case .watching: "\(name) watching" + kinds(reporter.watchKinds)
      case .waiting(_, let kind, _): "\(name): \(words(kind))"
      }
    }
    parts += outOfService.sorted().map { "\($0) out of service" }
    return Amount.count(parts.count, "account") + (parts.isEmpty ? "" : ": ") + parts.joined(separator: ", ")
  }

  private static func kinds(_ kinds: Set<WatchKind>) -> String {
    kinds.isEmpty ? "" : " (" + kinds.map(\.rawValue).sorted().joined(separator: ", ") + ")"
  }

  private static func words(_ kind: StoreError.Kind) -> String {
    switch kind {
    case .unavailable: "not reached"
    case .refusedLogin: "login refused"
    case .untrusted: "not encrypted safely"
    case .noPassword: "no password"
    case .needsPerson: "needs a person"
    case .held: "held by another"
    case .gone, .refused, .internalFault, .cancelled: "failed"
    case .noSpace: "no space"
    }
  }
}
