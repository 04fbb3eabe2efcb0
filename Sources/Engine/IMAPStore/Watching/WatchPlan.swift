import IMAP
import Mail

/// How folders are watched, best first: by NOTIFY all of them on one connection, by IDLE a connection for each as far
/// as the budget goes, else by asking.
enum WatchPlan: Equatable, Sendable {
  /// The connection idles on the first of these that can be opened.
  case notify(on: [FolderName])
  case idle([FolderName])
  case poll

  /// What is known of the server beyond what it announces.
  struct Experience: Equatable, Sendable {
    /// NOTIFY was refused, or tells less than happens.
    var isNotifyRefused = false
    var isIdleRefused = false

    init() {}
  }

  /// `folders` by importance. NOTIFY needs IDLE: Dovecot loses events outside it.
  init(_ folders: [FolderName], _ features: ServerFeatures, budget: Int, _ experience: Experience) {
    let room = Self.watchersMax(budget)
    guard !folders.isEmpty, features.hasIdle, !experience.isIdleRefused, room > 0 else {
      self = .poll
      return
    }
    if features.hasNotify, !experience.isNotifyRefused {
      self = .notify(on: folders)
    } else {
      self = .idle(Array(folders.prefix(room)))
    }
  }

  /// One connection is left for work, and two where there are enough: one for each direction. A single one does both by
  /// turns.
  static func watchersMax(_ budget: Int) -> Int { budget >= 4 ? budget - 2 : max(1, budget - 1) }
}

/// What NOTIFY is asked for, less where the server refuses more. A refusal's list of events is not read: the RFC
/// lists the supported ones there, and Dovecot the others. Subscriptions are nothing to us.
enum NotifyStep: Equatable, Sendable, CaseIterable {
  case everything, withoutNames, withoutFlags

  func request(withStates: Bool) -> NotifyRequest {
    NotifyRequest(
      status: withStates, selectedItems: .pushedTraits, flagChanges: self != .withoutFlags,
      mailboxNames: self == .everything, subscriptions: false)
  }
}
