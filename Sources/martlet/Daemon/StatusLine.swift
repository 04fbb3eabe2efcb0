import Engine
import Mail
import Ports

/// `2 accounts: personal watching (NOTIFY), work waiting (login refused)`, for `systemctl status`.
@Loop
enum StatusLine {
  /// `outages` are accounts whose lock or ledger could not be had, and why.
  static func text(
    _ accounts: [(name: String, reporter: AccountReporter)], outages: [String: String] = [:]
  ) -> String {
    var parts = accounts.map { name, reporter in
      switch reporter.phase {
      case .stopped: "\(name) stopped"
      case .connecting: "\(name) connecting"
      case .syncing: "\(name) syncing"
      case .watching: "\(name) watching" + kinds(reporter.watchKinds)
      case .waiting(_, let kind, _): waiting(name, kind.cause)
      }
    }
    parts += outages.sorted { $0.key < $1.key }.map { waiting($0.key, $0.value) }
    return counted(parts.count, "account") + (parts.isEmpty ? "" : ": ") + parts.joined(separator: ", ")
  }

  private static func kinds(_ kinds: Set<WatchKind>) -> String {
    kinds.isEmpty ? "" : " (" + kinds.map(\.rawValue).sorted().joined(separator: ", ") + ")"
  }

  private static func waiting(_ name: String, _ cause: String) -> String { "\(name) waiting (\(cause))" }
}
