import IMAP
import Mail
import Ports

/// Flag changes as commands: one for each distinct change, with all its messages in one set.
struct StoreCommands: Equatable, Sendable {
  struct Store: Equatable, Sendable {
    let uids: UIDSet
    let action: FlagStore
    let flags: FlagSet
  }

  private(set) var stores: [Store] = []

  /// Flags beyond the mailbox's capacity are not sent (law L6); what is removed may always be.
  init(_ changes: [FlagChange], capacity: PermanentFlags) {
    var groups: [Change: UIDSet] = [:]
    var order: [Change] = []
    func add(_ flags: FlagSet, _ action: FlagStore, _ uid: UID) {
      guard !flags.isEmpty else { return }
      let change = Change(action: action, flags: flags)
      if groups[change] == nil { order.append(change) }
      groups[change, default: UIDSet()].insert(uid)
    }
    for change in changes {
      guard let uid = change.key.uid else { continue }
      add(change.adding.held(by: capacity), .add, uid)
      add(change.removing, .remove, uid)
    }
    for change in order {
      for uids in (groups[change] ?? UIDSet()).pieces() {
        stores.append(Store(uids: uids, action: change.action, flags: change.flags))
      }
    }
  }

  private struct Change: Hashable {
    let action: FlagStore
    let flags: FlagSet
  }
}
