import Mail
import Reconciliation
import Support

/// People with another mail program on the same account.
extension Correspondents {
  func far(_ errand: Errand, _ view: View, _ dice: inout Dice) -> String? {
    switch errand {
    case .deliver, .deliverAgain: return append(again: errand == .deliverAgain, view, &dice)
    case .mark, .unmark: return markFar(isSet: errand == .mark, view, &dice)
    case .delete: return expunge(view, &dice)
    case .deleteMany: return expungeMany(view, &dice)
    case .move, .save: return moveFar(view, &dice)
    // A message on a server has neither a name nor another content.
    case .renameFiles, .edit: return nil
    case .copy: return copyFar(view, &dice)
    case .makeFolder: return makeMailbox(view, &dice)
    case .removeFolder: return removeMailbox(view, &dice)
    case .renameFolder: return renameMailbox(view, &dice)
    case .swapFolders: return swapMailboxes(view, &dice)
    }
  }

  private func append(again: Bool, _ view: View, _ dice: inout Dice) -> String? {
    guard let folder = folder(view.far, &dice) else { return nil }
    let old = again ? item(view.far, &dice)?.number : nil
    return append(old ?? registry.bag.write(&dice), to: folder, flags: someFlags(&dice), view)
  }

  func append(_ number: Mailbag.Number, to folder: FolderName, flags: FlagSet, _ view: View) -> String? {
    let isSettled = isSettled(number, view)
    guard
      let uid = site.server.append(
        registry.bag.wire(of: number), flags: flags.onWire, date: registry.bag.date(of: number),
        to: site.server.name(of: folder))
    else { return nil }
    registry.chronicle.made(number, in: folder, on: .far, flags: flags, isSettled: isSettled)
    noteArrival(number, in: folder)
    return "appends m\(number) to \(folder) (UID \(uid), \(flags))"
  }

  /// A server goes on to show a mailbox that was renamed to those who have it open.
  private func noteArrival(_ number: Mailbag.Number, in folder: FolderName) {
    let names = site.server.formerNamesInUse(of: site.server.name(of: folder))
    registry.chronicle[number].seenUnderOldNames += names.count
    // Where another mailbox has that name by now, it is no deletion that this one does not have the message (law L8).
    let taken = names.count { site.server.mailbox($0) != nil }
    guard taken > 0 else { return }
    registry.chronicle[number].slack += taken
    registry.chronicle.forget(number)
  }

  private func markFar(isSet: Bool, _ view: View, _ dice: inout Dice) -> String? {
    guard let (item, number) = item(view.far, &dice), let uid = item.key.uid else { return nil }
    let flag = flag(&dice)
    site.server.setFlags(
      adding: isSet ? flag.onWire : [], removing: isSet ? [] : flag.onWire, of: uid,
      in: site.server.name(of: item.folder))
    note(marked: number, adding: isSet ? flag : .none, removing: isSet ? .none : flag, .far, view)
    return "\(isSet ? "marks" : "unmarks") m\(number) in \(item.folder) (UID \(uid)): \(flag)"
  }

  /// On a server without UIDPLUS a deletion waits as long as others' messages are marked for theirs, because there is
  /// only one EXPUNGE for all of them (law L10). So that it ends, people think better of what both sides still have, and
  /// of all in folders that only the server has. False where nothing is marked.
  func takeBackMarks() -> Bool {
    let view = view()
    let marked = view.far.items.filter { item in
      guard item.flags.system.contains(.deleted), let number = item.number else { return false }
      guard view.near.folders.contains(item.folder) else { return true }
      return view.near.items(in: item.folder).contains { $0.number == number }
    }
    for item in marked {
      guard let number = item.number, let uid = item.key.uid else { continue }
      site.server.setFlags(
        adding: [], removing: FlagSet(.deleted).onWire, of: uid, in: site.server.name(of: item.folder))
      note(marked: number, removing: FlagSet(.deleted), .far, view)
    }
    return !marked.isEmpty
  }

  private func expunge(_ view: View, _ dice: inout Dice) -> String? {
    guard let (item, number) = item(view.far, &dice), let uid = item.key.uid else { return nil }
    note(removed: item, .far, view)
    site.server.expunge(uid, in: site.server.name(of: item.folder))
    return "expunges m\(number) from \(item.folder) (UID \(uid))"
  }

  private func expungeMany(_ view: View, _ dice: inout Dice) -> String? {
    guard let folder = folder(view.far, &dice) else { return nil }
    let share = 40 + dice.below(70)
    let items = view.far.items(in: folder).filter { _ in dice.happens(share) }
    for item in items {
      note(removed: item, .far, view)
      if let uid = item.key.uid { site.server.expunge(uid, in: site.server.name(of: folder)) }
    }
    return "expunges \(items.count) messages from \(folder)"
  }

  private func moveFar(_ view: View, _ dice: inout Dice) -> String? {
    guard let (item, number) = item(view.far, &dice), let uid = item.key.uid,
      let target = folder(view.far, &dice, except: item.folder)
    else { return nil }
    note(moved: item, to: target, .far, view)
    site.server.move(uid, from: site.server.name(of: item.folder), to: site.server.name(of: target))
    noteArrival(number, in: target)
    return "moves m\(number) from \(item.folder) (UID \(uid)) to \(target)"
  }

  private func copyFar(_ view: View, _ dice: inout Dice) -> String? {
    guard let (item, number) = item(view.far, &dice), let uid = item.key.uid, let target = folder(view.far, &dice)
    else { return nil }
    let isSettled = isSettled(number, view)
    site.server.copy(uid, from: site.server.name(of: item.folder), to: site.server.name(of: target))
    registry.chronicle.made(number, in: target, on: .far, flags: item.flags, isSettled: isSettled)
    noteArrival(number, in: target)
    return "copies m\(number) from \(item.folder) (UID \(uid)) to \(target)"
  }

  // MARK: Mailboxes

  private func makeMailbox(_ view: View, _ dice: inout Dice) -> String? {
    guard let folder = site.setting.drawnFolder(&dice), !view.far.folders.contains(folder),
      site.server.createMailbox(site.server.name(of: folder))
    else { return nil }
    noteNewMailbox(folder, view)
    return "makes \(folder)"
  }

  /// Where the Maildir still has a folder of this name, from before its mailbox was removed or renamed, all that is to be
  /// seen is a mailbox with another UIDVALIDITY, and that is no deletion (law L8): what is there stays.
  private func noteNewMailbox(_ folder: FolderName, _ view: View) {
    // What the Maildir holds is out of sight where it is not mounted.
    let there = view.near.items(in: folder).compactMap(\.number)
    for number in site.disk.unmounted.isEmpty ? there : Array(0..<registry.bag.count) {
      registry.chronicle.forget(number)
    }
  }

  private func removeMailbox(_ view: View, _ dice: inout Dice) -> String? {
    let folders = view.far.folders.sorted().filter { !$0.isInbox }
    guard !folders.isEmpty else { return nil }
    let folder = dice.pick(folders)
    let items = view.far.items(in: folder)
    guard site.server.deleteMailbox(site.server.name(of: folder)) else { return nil }
    for item in items { note(removed: item, .far, view) }
    return "removes \(folder) with \(items.count) messages"
  }

  private func renameMailbox(_ view: View, _ dice: inout Dice) -> String? {
    let folders = view.far.folders.sorted().filter { !$0.isInbox }
    guard !folders.isEmpty, let target = site.setting.drawnFolder(&dice), !view.far.folders.contains(target) else {
      return nil
    }
    let folder = dice.pick(folders)
    guard site.server.renameMailbox(site.server.name(of: folder), to: site.server.name(of: target)) else { return nil }
    for moved in view.far.folders.compactMap({ $0.renamed(folder, to: target) }) { noteNewMailbox(moved, view) }
    for item in view.far.items {
      guard let moved = item.folder.renamed(folder, to: target) else { continue }
      note(moved: item, to: moved, .far, view)
    }
    return "renames \(folder) to \(target)"
  }

  /// False, and as it was, where a name cannot be given, because it holds others or would lie within itself.
  private func swap(_ one: String, _ other: String, by free: String) -> Bool {
    var undo: [(String, String)] = []
    for (name, target) in [(one, free), (other, one), (free, other)] {
      guard site.server.renameMailbox(name, to: target) else {
        for (name, target) in undo.reversed() { _ = site.server.renameMailbox(target, to: name) }
        return false
      }
      undo.append((name, target))
    }
    return true
  }

  /// Each is a mailbox with another UIDVALIDITY then to whoever goes by its name.
  private func swapMailboxes(_ view: View, _ dice: inout Dice) -> String? {
    guard let (one, other) = twoFolders(view.far, &dice), let free = site.setting.drawnFolder(&dice),
      !view.far.folders.contains(free), !view.far.folders.contains(where: free.isBelow)
    else { return nil }
    guard swap(site.server.name(of: one), site.server.name(of: other), by: site.server.name(of: free)) else {
      // Whoever looked in between saw all of it elsewhere.
      for number in 0..<registry.bag.count {
        registry.chronicle.forget(number)
        registry.chronicle[number].slack += 1
      }
      return "cannot swap \(one) and \(other)"
    }
    for swapped in view.far.folders.compactMap({ $0.swapped(one, other) }) { noteNewMailbox(swapped, view) }
    for item in view.far.items {
      guard let swapped = item.folder.swapped(one, other) else { continue }
      note(moved: item, to: swapped, .far, view)
    }
    // What is just being brought from one comes to the other one's name, and both have it in the end; and what was
    // removed on one side only is seen without its partner then, and nobody knows that it had one.
    for number in 0..<registry.bag.count where !isSettled(number, view) { registry.chronicle.forget(number) }
    // What is only in the Maildir yet may go to both as well; what that holds is out of sight where it is not mounted.
    let onlyNear = view.near.items.filter { $0.folder.swapped(one, other) != nil }.compactMap(\.number)
    for number in site.disk.unmounted.isEmpty ? onlyNear : Array(0..<registry.bag.count) {
      registry.chronicle[number].slack += 1
    }
    return "swaps \(one) and \(other)"
  }
}

extension FolderName {
  /// What it is called once `source` is called `target`; nil where it is not concerned.
  func renamed(_ source: FolderName, to target: FolderName) -> FolderName? {
    if self == source { return target }
    guard isBelow(source) else { return nil }
    return FolderName(components: target.components + components.dropFirst(source.components.count))
  }

  /// What it is called once `one` and `other` have each other's names; nil where it is not concerned.
  func swapped(_ one: FolderName, _ other: FolderName) -> FolderName? {
    renamed(one, to: other) ?? renamed(other, to: one)
  }
}
