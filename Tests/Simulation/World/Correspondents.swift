import Mail
package import Ports
package import Reconciliation
package import Support

/// People and their programs on both sides. What they do happens at once, and is written down in the chronicle.
@Loop
package struct Correspondents {
  let site: Site
  let registry: Registry
  private let isSettled: @Loop (Mailbag.Number, Inventory, Inventory) -> Bool

  package init(
    _ site: Site, _ registry: Registry,
    isSettled: @escaping @Loop (Mailbag.Number, _ near: Inventory, _ far: Inventory) -> Bool
  ) {
    self.site = site
    self.registry = registry
    self.isSettled = isSettled
  }

  static let keywords = ["$Forwarded", "$Label1", "Work", "todo", "$Junk"].compactMap { Keyword($0) }

  /// What was done, in words; nil where there was nothing to do it with.
  package func perform(_ errand: Errand, on side: Side, _ dice: inout Dice) -> String? {
    let view = view()
    registry.chronicle.now = site.clock.now
    switch side {
    case .near:
      do {
        return try near(errand, view, &dice)
      } catch {
        // POSIX refused it, as it would refuse it to anybody: nothing was done.
        return "could not: \(error.text)"
      }
    case .far: return far(errand, view, &dice)
    }
  }

  /// How both sides look just now.
  struct View {
    let near: Inventory
    let far: Inventory

    subscript(side: Side) -> Inventory { side == .near ? near : far }
  }

  func view() -> View {
    View(
      near: Inventory.near(site.disk, root: Setting.root, site.setting.layout, &registry.bag),
      far: Inventory.far(site.server, &registry.bag))
  }

  func isSettled(_ number: Mailbag.Number, _ view: View) -> Bool { isSettled(number, view.near, view.far) }

  // MARK: Choosing

  func item(_ view: Inventory, _ dice: inout Dice) -> (item: Item, number: Mailbag.Number)? {
    let items = view.items.filter { $0.number != nil }
    guard !items.isEmpty else { return nil }
    let item = dice.pick(items)
    return item.number.map { (item, $0) }
  }

  func folder(_ view: Inventory, _ dice: inout Dice, except: FolderName? = nil) -> FolderName? {
    let folders = view.folders.sorted().filter { $0 != except }
    guard !folders.isEmpty else { return nil }
    // INBOX is where most of the mail is.
    return dice.happens(40) && folders.contains(.inbox) ? .inbox : dice.pick(folders)
  }

  /// Two that have no part in each other; never INBOX, which cannot be renamed away.
  func twoFolders(_ view: Inventory, _ dice: inout Dice) -> (FolderName, FolderName)? {
    let folders = view.folders.sorted().filter { !$0.isInbox }
    guard folders.count > 1 else { return nil }
    let one = dice.pick(folders)
    let others = folders.filter { $0 != one && !$0.isBelow(one) && !one.isBelow($0) }
    return others.isEmpty ? nil : (one, dice.pick(others))
  }

  func flag(_ dice: inout Dice) -> FlagSet {
    switch dice.below(12) {
    case 0...4: FlagSet(.seen)
    case 5...6: FlagSet(.flagged)
    case 7: FlagSet(.answered)
    case 8: FlagSet(dice.happens(50) ? .draft : .deleted)
    default: FlagSet([], keywords: [dice.pick(Self.keywords)])
    }
  }

  func someFlags(_ dice: inout Dice) -> FlagSet {
    var flags = FlagSet.none
    while dice.happens(35) { flags = flags.union(FlagSet(dice.pick([.seen, .flagged, .answered]))) }
    return flags
  }

  // MARK: The chronicle

  func note(removed item: Item, _ side: Side, _ view: View) {
    guard let number = item.number else { return }
    if isTakenUnseen(from: item.folder, side) { registry.chronicle.forget(number) }
    registry.chronicle.removed(number, from: item.folder, on: side, isSettled: isSettled(number, view))
  }

  func note(moved item: Item, to target: FolderName, _ side: Side, _ view: View) {
    guard let number = item.number else { return }
    if isTakenUnseen(from: item.folder, side) { registry.chronicle.forget(number) }
    registry.chronicle.moved(
      number, from: item.folder, to: target, on: side, isSettled: isSettled(number, view))
    if side == .near { noteUnseen(target, number) }
  }

  func note(
    marked number: Mailbag.Number, adding: FlagSet = .none, removing: FlagSet = .none, _ side: Side, _ view: View
  ) {
    let marks = Sides(near: view.near.items(number).map(\.flags), far: view.far.items(number).map(\.flags))
    registry.chronicle.marked(
      number, adding: adding, removing: removing, on: side, isSettled: isSettled(number, view),
      isBroughtOver: marks.near == marks.far)
  }

  /// What comes to a folder whose mailbox is another by now may go to the mailbox that had this name, as well.
  func noteUnseen(_ folder: FolderName, _ number: Mailbag.Number) {
    guard isNumberedUnseen(folder) else { return }
    registry.chronicle.forget(number)
    registry.chronicle[number].slack += 1
  }

  /// Nobody can tell then that it was there before. Of what is taken from the Maildir, the content tells, where the server
  /// lets it be read.
  private func isTakenUnseen(from folder: FolderName, _ side: Side) -> Bool {
    // Nor can anybody delete, or move, what a server that shows nothing of it says is not there.
    if side == .near, site.server.trouble.showsEmpty.contains(site.server.name(of: folder)) { return true }
    return (side == .far || site.server.trouble.refusesReading != nil) && isNumberedUnseen(folder)
  }

  /// The mailbox has new numbers, and martlet has not come to see them yet. It cannot know then what went from it in
  /// between, and that is no deletion (law L8): what the Maildir has of it stays.
  private func isNumberedUnseen(_ folder: FolderName) -> Bool {
    site.server.mailbox(of: folder).map { !site.isNumberSeen(of: $0) } ?? false
  }
}
