import Mail
import Maildir
import Ports
import Reconciliation
import Support

/// Carries out the deeds of a row. Each is done by somebody who sees both sides as they are, and is written down for the
/// law book, which asks of every deletion whether anybody wanted it.
@Loop
final class CrashPeople {
  private let site: Site
  private let registry: Registry
  private var numbers: [String: Mailbag.Number] = [:]
  private var names: [Mailbag.Number: String] = [:]
  private var dice = Dice(seed: 7)
  private var files = 0

  init(_ site: Site, _ registry: Registry) {
    self.site = site
    self.registry = registry
  }

  private var disk: SimulatedDisk { site.disk }
  private var server: SimulatedServer { site.server }

  func name(of number: Mailbag.Number) -> String? { names[number] }

  func inventory(_ side: Side) -> Inventory {
    switch side {
    case .near: .near(disk, root: Setting.root, site.setting.layout, &registry.bag)
    case .far: .far(server, &registry.bag)
    }
  }

  func picture(_ side: Side) -> MailPicture { MailPicture(inventory(side)) { names[$0] } }

  /// The state before the first sync from which both sides come to hold `picture`: every other message on either side.
  func fill(_ picture: MailPicture) throws {
    var isNear = false
    for (folder, messages) in picture.folders.sorted(by: { $0.key < $1.key }) {
      for side in Side.allCases where folder != "INBOX" || side == .near { try make(folder, on: side) }
      for message in messages {
        try deliver(message, to: folder, on: isNear ? .near : .far)
        isNear.toggle()
      }
    }
  }

  func perform(_ deed: CrashScenario.Deed) throws {
    switch deed {
    case .deliver(let side, let message, let folder): try deliver(message, to: folder, on: side)
    case .mark(let side, let message, let flags): try mark(message, adding: flags, on: side)
    case .unmark(let side, let message, let flags): try mark(message, removing: flags, on: side)
    case .delete(let side, let message): try delete(try item(message, side), side)
    case .empty(let side, let folder):
      for item in inventory(side).items(in: try Self.folder(folder)) { try delete(item, side) }
    case .move(let side, let message, let folder): try move(message, to: folder, on: side)
    case .moveRenamed(let message, let folder): try move(message, to: folder, on: .near, isRenamed: true)
    case .save(let message, let folder): try save(message, to: folder)
    case .copy(let side, let message, let folder): try copy(message, to: folder, on: side)
    case .makeFolder(let side, let folder): try make(folder, on: side)
    case .removeFolder(let side, let folder): try remove(folder, on: side)
    case .renameFolder(let side, let folder, let target): try rename(folder, to: target, on: side)
    case .renumber(let folder): server.renumber(try mailbox(folder))
    case .forgetModSeqs(let folder): server.forgetModSeqs(of: try mailbox(folder))
    case .loseLedger: try site.vault.lose()
    }
  }

  // MARK: Messages

  private func deliver(_ text: String, to folder: String, on side: Side) throws {
    let message = NamedMessage(text)
    let isKnown = numbers[message.name] != nil
    let number = numbers[message.name] ?? registry.bag.write(&dice)
    numbers[message.name] = number
    names[number] = message.name
    try put(registry.bag.text(of: number), number, to: folder, flags: message.flags, on: side)
    registry.chronicle.made(number, in: try Self.folder(folder), on: side, flags: message.flags, isSettled: true)
    // The same message on both sides before martlet knows of either.
    if isKnown { registry.chronicle.met(number, in: try Self.folder(folder)) }
  }

  private func put(
    _ bytes: [UInt8], _ number: Mailbag.Number, to folder: String, flags: FlagSet, on side: Side
  ) throws {
    let date = InternalDate(secondsSince1970: 1_650_000_000 + Int64(number) * 1000)
    guard side == .near else {
      server.append(registry.bag.wire(of: number), flags: flags.onWire, date: date, to: try mailbox(folder))
      return
    }
    let directory = try directory(folder)
    for name in ["tmp", "new", "cur"] { try disk.makeDirectory("\(directory)/\(name)") }
    let (name, ending) = (newName(), try ending(for: flags, in: folder))
    try disk.write("\(directory)/tmp/\(name)", bytes, modified: date)
    try disk.rename(
      "\(directory)/tmp/\(name)", ending.map { "\(directory)/cur/\(name):2,\($0)" } ?? "\(directory)/new/\(name)")
  }

  private func mark(_ name: String, adding: String = "", removing: String = "", on side: Side) throws {
    let item = try item(name, side)
    let (adding, removing) = (NamedMessage.flags(adding), NamedMessage.flags(removing))
    if let uid = item.key.uid {
      server.setFlags(adding: adding.onWire, removing: removing.onWire, of: uid, in: try mailbox("\(item.folder)"))
    } else if let unique = item.key.fileName {
      let flags = item.flags.union(adding).subtracting(removing)
      let letters = try ending(for: flags, in: "\(item.folder)") ?? ""
      try disk.rename(item.path, "\(try directory("\(item.folder)"))/cur/\(unique):2,\(letters)")
    }
    if let number = item.number {
      registry.chronicle.marked(number, adding: adding, removing: removing, on: side, isSettled: true)
    }
  }

  private func delete(_ item: Item, _ side: Side) throws {
    if let uid = item.key.uid {
      server.expunge(uid, in: try mailbox("\(item.folder)"))
    } else {
      try disk.unlink(item.path)
    }
    if let number = item.number {
      registry.chronicle.removed(number, from: item.folder, on: side, isSettled: true)
    }
  }

  private func move(_ name: String, to folder: String, on side: Side, isRenamed: Bool = false) throws {
    let item = try item(name, side)
    if let uid = item.key.uid {
      server.move(uid, from: try mailbox("\(item.folder)"), to: try mailbox(folder))
    } else if let unique = item.key.fileName {
      let letters = MaildirFileName(item.path).info.map { ":2,\($0.letters.text)" }
      let target = "\(isRenamed ? newName() : unique)\(letters ?? "")"
      try disk.rename(item.path, "\(try directory(folder))/\(letters == nil ? "new" : "cur")/\(target)")
    }
    try note(moved: item, to: folder, side)
  }

  private func save(_ name: String, to folder: String) throws {
    let item = try item(name, .near)
    guard let number = item.number else { return }
    try put(registry.bag.saved(number), number, to: folder, flags: item.flags, on: .near)
    try disk.unlink(item.path)
    try note(moved: item, to: folder, .near)
  }

  private func copy(_ name: String, to folder: String, on side: Side) throws {
    let item = try item(name, side)
    guard let number = item.number else { return }
    if let uid = item.key.uid {
      server.copy(uid, from: try mailbox("\(item.folder)"), to: try mailbox(folder))
    } else {
      try put(registry.bag.text(of: number), number, to: folder, flags: item.flags, on: .near)
    }
    registry.chronicle.made(number, in: try Self.folder(folder), on: side, flags: item.flags, isSettled: true)
  }

  private func note(moved item: Item, to folder: String, _ side: Side) throws {
    guard let number = item.number else { return }
    registry.chronicle.moved(number, from: item.folder, to: try Self.folder(folder), on: side, isSettled: true)
  }

  // MARK: Folders

  private func make(_ folder: String, on side: Side) throws {
    guard side == .near else {
      server.createMailbox(try mailbox(folder))
      return
    }
    for name in ["tmp", "new", "cur"] { try disk.makeDirectory("\(try directory(folder))/\(name)") }
  }

  private func remove(_ folder: String, on side: Side) throws {
    let items = inventory(side).items(in: try Self.folder(folder))
    if side == .near {
      try disk.removeTree(try directory(folder))
    } else {
      server.deleteMailbox(try mailbox(folder))
    }
    for case (let item, let number?) in items.map({ ($0, $0.number) }) {
      registry.chronicle.removed(number, from: item.folder, on: side, isSettled: true)
    }
  }

  private func rename(_ folder: String, to target: String, on side: Side) throws {
    let items = inventory(side).items(in: try Self.folder(folder))
    if side == .near {
      try disk.rename(try directory(folder), try directory(target))
    } else {
      server.renameMailbox(try mailbox(folder), to: try mailbox(target))
    }
    for item in items { try note(moved: item, to: target, side) }
  }

  // MARK: Places

  private static func folder(_ text: String) throws -> FolderName {
    guard let folder = FolderName(text) else { throw SimulationError("no folder's name: \(text)") }
    return folder
  }

  private func mailbox(_ folder: String) throws -> String { server.name(of: try Self.folder(folder)) }

  private func directory(_ folder: String) throws -> String {
    let relative = try site.setting.layout.directory(of: try Self.folder(folder))
    return relative.isEmpty ? Setting.root : "\(Setting.root)/\(relative)"
  }

  private func item(_ name: String, _ side: Side) throws -> Item {
    guard let number = numbers[name], let item = inventory(side).items(number).first else {
      throw SimulationError("the \(side) side has no message \(name)")
    }
    return item
  }

  private func newName() -> String {
    files += 1
    return "1650000000.P\(files).desk"
  }

  /// The letters of these flags in a folder, whose table of keywords gets what it lacks; nil for none at all.
  private func ending(for flags: FlagSet, in folder: String) throws -> String? {
    guard !flags.isEmpty else { return nil }
    let directory = try directory(folder)
    let path = "\(directory)/\(KeywordTable.fileName)"
    var table = KeywordTable(parsing: disk.text(path) ?? "")
    let missing = flags.keywords.filter { $0 != .forwarded && !table.holds($0) }
    for keyword in missing {
      let names = disk.list("\(directory)/cur")
      _ = table.add(
        keyword, lettersInUse: names.reduce(into: []) { $0.formUnion(MaildirFileName($1).info?.letters ?? []) })
    }
    if !missing.isEmpty { try disk.write(path, table.text) }
    return MaildirFlags.letters(for: flags, table).text
  }
}
