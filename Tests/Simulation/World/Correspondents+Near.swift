import Mail
import Maildir
import Ports
import Reconciliation
import Support

/// People with mail readers, delivery agents and shells on the Maildir.
extension Correspondents {
  private var disk: SimulatedDisk { site.disk }

  func near(_ errand: Errand, _ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    switch errand {
    case .deliver, .deliverAgain: return try deliver(again: errand == .deliverAgain, view, &dice)
    case .mark, .unmark: return try markNear(isSet: errand == .mark, view, &dice)
    case .delete: return try unlink(view, &dice)
    case .deleteMany: return try unlinkMany(view, &dice)
    case .move: return try moveNear(view, &dice)
    case .copy: return try copyNear(view, &dice)
    case .save: return try save(view, &dice)
    case .renameFiles: return try renameFiles(view, &dice)
    case .edit: return try edit(view, &dice)
    case .makeFolder: return try makeFolder(view, &dice)
    case .removeFolder: return try removeFolder(view, &dice)
    case .renameFolder: return try renameFolder(view, &dice)
    case .swapFolders: return try swapFolders(view, &dice)
    }
  }

  // MARK: Messages

  private func deliver(again: Bool, _ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    guard let folder = folder(view.near, &dice) else { return nil }
    let old = again ? item(view.near, &dice)?.number : nil
    let number = old ?? registry.bag.write(&dice)
    return try deliver(number, to: folder, flags: someFlags(&dice), view, &dice)
  }

  func deliver(
    _ number: Mailbag.Number, to folder: FolderName, flags: FlagSet, _ view: View, _ dice: inout Dice
  ) throws(FileError) -> String? {
    let isSettled = isSettled(number, view)
    let bytes = dice.happens(10) ? registry.bag.wire(of: number) : registry.bag.text(of: number)
    try put(bytes, into: folder, flags: flags, date: registry.bag.date(of: number), &dice)
    registry.chronicle.made(number, in: folder, on: .near, flags: flags, isSettled: isSettled)
    noteUnseen(folder, number)
    return "delivers m\(number) to \(folder) (\(flags))"
  }

  /// As maildir(5) has it: written in `tmp`, and linked or renamed into place.
  private func put(
    _ bytes: [UInt8], into folder: FolderName, flags: FlagSet, date: InternalDate?, _ dice: inout Dice
  ) throws(FileError) {
    let path = directory(of: folder)
    let name = uniqueName(&dice)
    if !disk.exists("\(path)/tmp") { try disk.makeDirectory("\(path)/tmp") }
    try disk.write("\(path)/tmp/\(name)", bytes)
    let isSynced = dice.happens(60)
    if isSynced { try disk.sync("\(path)/tmp/\(name)") }
    let letters = MaildirFlags.letters(for: flags, KeywordTable())
    let isNew = letters.isEmpty && dice.happens(70)
    let target = isNew ? "\(path)/new/\(name)" : "\(path)/cur/\(name):2,\(letters.text)"
    if dice.happens(50), site.setting.traits.hasHardLinks {
      try disk.link("\(path)/tmp/\(name)", target)
      try disk.unlink("\(path)/tmp/\(name)")
    } else {
      try disk.rename("\(path)/tmp/\(name)", target)
    }
    if isSynced { try disk.sync("\(path)/\(isNew ? "new" : "cur")") }
    let drawn = dice.happens(30) ? InternalDate(secondsSince1970: 1_600_000_000) : nil
    if let date = date ?? drawn { try disk.setModificationTime(target, to: date) }
  }

  private func markNear(isSet: Bool, _ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    guard let (item, number) = item(view.near, &dice), let unique = item.key.fileName else { return nil }
    let flag = flag(&dice)
    let path = directory(of: item.folder)
    var table = KeywordTable(parsing: disk.text("\(path)/\(KeywordTable.fileName)") ?? "")
    var letters = MaildirFileName(item.path).info?.letters ?? []
    for keyword in flag.keywords where isSet && !table.holds(keyword) {
      _ = table.add(keyword, lettersInUse: lettersInUse(view.near, item.folder))
      try write(table, to: path)
    }
    let change = MaildirFlags.letters(for: flag, table)
    if isSet { letters.formUnion(change) } else { letters.subtract(change) }
    let target = "\(path)/cur/\(unique):2,\(letters.text)"
    if target != item.path { try disk.rename(item.path, target) }
    note(marked: number, adding: isSet ? flag : .none, removing: isSet ? .none : flag, .near, view)
    return "\(isSet ? "marks" : "unmarks") m\(number) in \(item.folder): \(flag)"
  }

  /// As Dovecot does it, whose table it is: beside the old one, synced, and renamed into place before a letter is used.
  private func write(_ table: KeywordTable, to directory: String) throws(FileError) {
    let path = "\(directory)/\(KeywordTable.fileName)"
    try disk.write("\(path).lock", table.text)
    try disk.sync("\(path).lock")
    try disk.rename("\(path).lock", path)
    try disk.sync(directory)
  }

  private func lettersInUse(_ view: Inventory, _ folder: FolderName) -> LetterSet {
    view.items(in: folder).reduce(into: []) { $0.formUnion(MaildirFileName($1.path).info?.letters ?? []) }
  }

  private func unlink(_ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    guard let (item, number) = item(view.near, &dice) else { return nil }
    try disk.unlink(item.path)
    note(removed: item, .near, view)
    return "deletes m\(number) from \(item.folder)"
  }

  private func unlinkMany(_ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    guard let folder = folder(view.near, &dice) else { return nil }
    let share = 40 + dice.below(70)
    let items = view.near.items(in: folder).filter { _ in dice.happens(share) }
    for item in items {
      try disk.unlink(item.path)
      note(removed: item, .near, view)
    }
    return "deletes \(items.count) messages from \(folder)"
  }

  private func moveNear(_ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    guard let (item, number) = item(view.near, &dice), let unique = item.key.fileName,
      let target = folder(view.near, &dice, except: item.folder)
    else { return nil }
    // A program that keeps the name, or one that makes a new one.
    let name = dice.happens(60) ? unique : uniqueName(&dice)
    let letters = MaildirFileName(item.path).info?.letters
    let ending = letters.map { "cur/\(name):2,\($0.text)" } ?? "new/\(name)"
    try disk.rename(item.path, "\(directory(of: target))/\(ending)")
    note(moved: item, to: target, .near, view)
    noteKeywords(of: item, number)
    return "moves m\(number) from \(item.folder) to \(target)\(name == unique ? "" : " under another name")"
  }

  private func copyNear(_ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    guard let (item, number) = item(view.near, &dice), let target = folder(view.near, &dice) else { return nil }
    return try deliver(number, to: target, flags: FlagSet(item.flags.system), view, &dice).map { "copies: \($0)" }
  }

  /// neomutt's save: written anew with header lines of its own, and then the old one goes.
  private func save(_ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    guard let (item, number) = item(view.near, &dice), let target = folder(view.near, &dice, except: item.folder) else {
      return nil
    }
    try put(
      registry.bag.saved(number), into: target, flags: FlagSet(item.flags.system), date: registry.bag.date(of: number),
      &dice)
    try disk.unlink(item.path)
    note(moved: item, to: target, .near, view)
    noteKeywords(of: item, number)
    return "saves m\(number) from \(item.folder) to \(target)"
  }

  /// Other names in the same folder, as a backup gives them, or a shell: for one file, or for all.
  private func renameFiles(_ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    guard let (chosen, _) = item(view.near, &dice) else { return nil }
    let folder = chosen.folder
    let items = dice.happens(30) ? view.near.items(in: folder).filter { $0.number != nil } : [chosen]
    for item in items {
      let name = uniqueName(&dice)
      let letters = MaildirFileName(item.path).info?.letters
      let ending = letters.map { "cur/\(name):2,\($0.text)" } ?? "new/\(name)"
      try disk.rename(item.path, "\(directory(of: folder))/\(ending)")
      note(moved: item, to: folder, .near, view)
    }
    return "gives \(items.count) files of \(folder) other names"
  }

  /// Something else under the same name, as an editor writes it: beside the file, and renamed into its place.
  private func edit(_ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    guard let (item, number) = item(view.near, &dice), let date = disk.status(item.path)?.modified,
      // With the message's own date nobody looks into it (decision 0002).
      date / 1_000_000_000 != site.clock.wallTime.seconds,
      registry.chronicle[number].lastMoved.map({ $0.duration(to: site.clock.now) > .seconds(2) }) ?? true
    else { return nil }
    let bytes = registry.bag.edit(number, at: site.clock.now, &dice)
    let path = "\(directory(of: item.folder))/tmp/\(uniqueName(&dice))"
    if !disk.exists(path.parentPath) { try disk.makeDirectory(path.parentPath) }
    try disk.write(path, bytes)
    try disk.sync(path)
    try disk.rename(path, item.path)
    registry.chronicle.edited(number)
    return "writes over m\(number) in \(item.folder)"
  }

  /// Letters of keywords mean something else in another folder: what people want then, nobody can tell.
  private func noteKeywords(of item: Item, _ number: Mailbag.Number) {
    if !item.flags.keywords.isEmpty
      || MaildirFileName(item.path).info.map({ !$0.letters.isDisjoint(with: .keywords) }) ?? false
    {
      registry.chronicle[number].hasUnsettledFlags = true
    }
  }

  // MARK: Folders

  private func makeFolder(_ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    guard !view.near.folders.isEmpty, let folder = site.setting.drawnFolder(&dice), !view.near.folders.contains(folder)
    else { return nil }
    try makeFolder(folder)
    return "makes \(folder)"
  }

  func makeFolder(_ folder: FolderName) throws(FileError) {
    for name in ["tmp", "new", "cur"] { try disk.makeDirectory("\(directory(of: folder))/\(name)") }
  }

  /// A removal that a power cut broke off can leave one of a folder's two directories. What is meant then martlet asks a
  /// person (law L8): they make the other anew. False where no folder that it knows is so.
  func makeFoldersWhole(_ folders: [FolderName]) throws(FileError) -> Bool {
    var wereBroken = false
    for folder in folders {
      let parts = ["new", "cur"].map { "\(directory(of: folder))/\($0)" }
      let missing = parts.filter { !disk.exists($0) }
      guard missing.count == 1 else { continue }
      try disk.makeDirectory(missing[0])
      wereBroken = true
    }
    return wereBroken
  }

  private func removeFolder(_ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    let folders = view.near.folders.sorted().filter { !$0.isInbox }
    guard !folders.isEmpty else { return nil }
    let folder = dice.pick(folders)
    let items = view.near.items.filter { $0.folder == folder || isInside($0.folder, folder) }
    try disk.removeTree(directory(of: folder))
    for item in items { note(removed: item, .near, view) }
    return "removes \(folder) with \(items.count) messages"
  }

  private func renameFolder(_ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    let folders = view.near.folders.sorted().filter { !$0.isInbox }
    guard !folders.isEmpty, let target = site.setting.drawnFolder(&dice) else { return nil }
    let folder = dice.pick(folders)
    let (source, goal) = (directory(of: folder), directory(of: target))
    guard !disk.exists(goal), !goal.hasPrefix(source + "/") else { return nil }
    if let parent = target.parent, site.setting.layout == .nested { try disk.makeDirectory(directory(of: parent)) }
    try disk.rename(source, goal)
    for item in view.near.items where item.folder == folder || isInside(item.folder, folder) {
      guard let moved = item.folder.renamed(folder, to: target) else { continue }
      note(moved: item, to: moved, .near, view)
    }
    return "renames \(folder) to \(target)"
  }

  private func swapFolders(_ view: View, _ dice: inout Dice) throws(FileError) -> String? {
    guard let (one, other) = twoFolders(view.near, &dice) else { return nil }
    let (source, goal, between) = (directory(of: one), directory(of: other), "\(Setting.root)/swapped")
    try disk.rename(source, between)
    try disk.rename(goal, source)
    try disk.rename(between, goal)
    for item in view.near.items {
      guard let swapped = item.folder.swapped(one, other),
        [one, other].contains(item.folder) || site.setting.layout == .nested
      else { continue }
      note(moved: item, to: swapped, .near, view)
      // The meanings of letters came along, which cannot be told from a file that was moved by itself.
      if let number = item.number { registry.chronicle[number].hasUnsettledFlags = true }
    }
    return "swaps \(one) and \(other)"
  }

  /// Directories hold those of their subfolders in a nested layout only.
  private func isInside(_ folder: FolderName, _ other: FolderName) -> Bool {
    site.setting.layout == .nested && folder.isBelow(other)
  }

  // MARK: Paths

  private func directory(of folder: FolderName) -> String {
    do {
      let directory = try site.setting.layout.directory(of: folder)
      return directory.isEmpty ? Setting.root : "\(Setting.root)/\(directory)"
    } catch {
      preconditionFailure("people use folders that there can be: \(error.reason)")
    }
  }

  private func uniqueName(_ dice: inout Dice) -> String {
    "\(site.clock.wallTime.seconds).\(String(dice.next(), radix: 36)).person"
  }
}
