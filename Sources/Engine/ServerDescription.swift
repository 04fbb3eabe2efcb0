import IMAP
import Mail
package import Ports

/// What a server turned out to be, for `martlet check`.
package struct ServerDescription: Equatable, Sendable {
  /// As told after login, sorted.
  package let capabilities: [String]
  /// How its folders would be watched, the most important ones at least.
  package let watch: WatchKind
  /// How a folder is brought up to date: `qresync`, `condStore` or `listing`.
  package let resync: String
}

extension IMAPStore {
  /// Known after `open()`.
  package var serverDescription: ServerDescription? {
    guard let features else { return nil }
    let watch: WatchKind =
      switch WatchPlan([.inbox], features, budget: settings.maxConnections, WatchPlan.Experience()) {
      case .notify: .notify
      case .idle: .idle
      case .poll: .poll
      }
    return ServerDescription(
      capabilities: features.capabilities.told.map(\.name).sorted(), watch: watch, resync: features.resync.rawValue)
  }
}
