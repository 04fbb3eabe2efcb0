import IMAP

/// What a connection is wanted for.
enum WorkWeight: String, Sendable, CaseIterable {
  /// A command or two: whoever watches the folder does it.
  case light
  /// Many messages: kept away from the watchers, so that one folder's storm delays nobody's single mail.
  case bulk
  /// Messages on their way in. They and the others leave one another a connection: between two servers, each direction
  /// may wait for the other.
  case upload
}

/// Which connection does a piece of work, as a pure function of how they stand.
enum LeaseChoice: Equatable, Sendable {
  case take(Int)
  case open
  case wait

  /// One connection, as far as the choice goes.
  struct Member: Equatable, Sendable {
    var selected: MailboxName?
    var isWatcher = false
    var isLeased = false
    var isUploading = false
  }

  static func choose(
    for mailbox: MailboxName?, _ weight: WorkWeight, among members: [Member], opening: Int, budget: Int
  ) -> LeaseChoice {
    let workers = budget - members.count { $0.isWatcher }
    guard mayWork(weight, members, opening, workers) else { return fallback(mailbox, weight, members, workers) }
    func free(_ isWanted: (Member) -> Bool) -> LeaseChoice? {
      members.firstIndex { !$0.isLeased && isWanted($0) }.map { .take($0) }
    }
    let holdsIt = { (member: Member) in mailbox != nil && member.selected == mailbox }
    if weight == .light, let found = free(holdsIt) { return found }
    if let found = free({ !$0.isWatcher && holdsIt($0) }) { return found }
    if let found = free({ !$0.isWatcher && $0.selected == nil }) ?? free({ !$0.isWatcher }) { return found }
    if members.count + opening < budget { return .open }
    return fallback(mailbox, weight, members, workers)
  }

  /// True where the other kind of work keeps a connection of its own.
  private static func mayWork(_ weight: WorkWeight, _ members: [Member], _ opening: Int, _ workers: Int) -> Bool {
    guard workers >= 2 else { return true }
    let busy = members.filter { !$0.isWatcher && $0.isLeased }
    let same = busy.count { $0.isUploading == (weight == .upload) }
    return same < workers - 1
  }

  /// A watcher helps out: with its own folder, and with any where there is no room for workers.
  private static func fallback(
    _ mailbox: MailboxName?, _ weight: WorkWeight, _ members: [Member], _ workers: Int
  ) -> LeaseChoice {
    let helper = members.firstIndex { member in
      guard member.isWatcher, !member.isLeased else { return false }
      if workers < 1 { return true }
      return weight != .upload && mailbox != nil && member.selected == mailbox
    }
    return helper.map { .take($0) } ?? .wait
  }
}
