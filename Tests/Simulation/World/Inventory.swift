import IMAP
package import Mail
import Maildir
import Ports
import Reconciliation

/// A message where it lies on one side.
package struct Item: Hashable, Sendable {
  package let folder: FolderName
  package let key: MessageKey
  /// Nil for bytes that no message of this world ever had.
  package let number: Mailbag.Number?
  package let flags: FlagSet
  /// Its name has a letter without a meaning, as after moves by name that nobody saw between: whatever keyword that was,
  /// it stays on the server.
  package let hidesKeywords: Bool
  /// Its file, or nothing for a server.
  package let path: String
}

/// What one side holds, as anybody could see it who looks from outside.
package struct Inventory: Sendable {
  package var folders: Set<FolderName> = []
  /// By folder and name, ascending.
  package var items: [Item] = []

  package func items(_ number: Mailbag.Number) -> [Item] { items.filter { $0.number == number } }
  package func items(in folder: FolderName) -> [Item] { items.filter { $0.folder == folder } }

  /// How often a message is in each folder.
  package func places(_ number: Mailbag.Number) -> [FolderName: Int] {
    items(number).reduce(into: [:]) { $0[$1.folder, default: 0] += 1 }
  }

  /// How often a message is in folders in which it was not.
  func gain(of number: Mailbag.Number, since before: Inventory) -> Int {
    let former = before.places(number)
    return places(number).reduce(0) { $0 + max(0, $1.value - (former[$1.key] ?? 0)) }
  }
}

extension Inventory {
  /// A Maildir tree; with what is in folders of which a part is missing, where `inParts`.
  @Loop
  static func near(
    _ disk: SimulatedDisk, root: String, _ layout: MaildirLayout, _ bag: inout Mailbag, inParts: Bool = false
  ) -> Self {
    var inventory = Inventory()
    for directory in maildirs(disk, root: root, layout, inParts: inParts) {
      guard let folder = name(of: directory, layout) else { continue }
      inventory.folders.insert(folder)
      let path = directory.isEmpty ? root : "\(root)/\(directory)"
      let text = disk.text("\(path)/\(KeywordTable.fileName)") ?? ""
      let table = KeywordTable(parsing: text)
      for subdirectory in ["cur", "new"] {
        for name in disk.list("\(path)/\(subdirectory)") where !name.hasPrefix(".") {
          guard let bytes = disk.read("\(path)/\(subdirectory)/\(name)") else { continue }
          let file = MaildirFileName(name)
          let letters = file.info?.letters ?? []
          inventory.items.append(
            Item(
              folder: folder, key: .file(file.unique), number: bag.number(of: bytes),
              flags: MaildirFlags.flags(of: letters, table), hidesKeywords: MaildirFlags.hidesKeywords(letters, table),
              path: "\(path)/\(subdirectory)/\(name)"))
        }
      }
    }
    inventory.sort()
    return inventory
  }

  /// A server.
  @Loop
  static func far(_ server: SimulatedServer, _ bag: inout Mailbag) -> Self {
    var inventory = Inventory()
    for box in server.mailboxes where box.isSelectable {
      guard let wire = MailboxName(bytes: Array(box.name.utf8)), let folder = server.naming.folderName(for: wire) else {
        continue
      }
      inventory.folders.insert(folder)
      for message in box.messages {
        inventory.items.append(
          Item(
            folder: folder, key: .uid(message.uid), number: bag.number(of: message.bytes),
            flags: FlagSet(onWire: message.flags), hidesKeywords: false, path: ""))
      }
    }
    inventory.sort()
    return inventory
  }

  /// Directories below the root that hold mail, relative to it.
  @Loop
  static func maildirs(
    _ disk: SimulatedDisk, root: String, _ layout: MaildirLayout, inParts: Bool = false
  ) -> [String] {
    var found: [String] = []
    func visit(_ directory: String) {
      let path = directory.isEmpty ? root : "\(root)/\(directory)"
      let names = disk.list(path)
      let parts = ["cur", "new"].count(where: names.contains)
      if parts == 2 || inParts && parts == 1 { found.append(directory) }
      for name in names where !["cur", "new", "tmp", ".martlet"].contains(name) {
        guard disk.status("\(path)/\(name)")?.kind == .directory else { continue }
        if layout == .maildirPlusPlus, !directory.isEmpty { continue }
        visit(directory.isEmpty ? name : "\(directory)/\(name)")
      }
    }
    visit("")
    return found
  }

  private static func name(of directory: String, _ layout: MaildirLayout) -> FolderName? {
    do {
      return try layout.folder(at: directory)
    } catch {
      // Not a folder's: martlet leaves it alone, and so do we.
      return nil
    }
  }

  private mutating func sort() { items.sort { ($0.folder, $0.key, $0.path) < ($1.folder, $1.key, $1.path) } }
}

extension FlagSet {
  package init(onWire flags: Set<String>) {
    var system: SystemFlags = []
    for (flag, name) in SystemFlags.names where flags.contains(name) { system.insert(flag) }
    self.init(system, keywords: flags.sorted().compactMap { $0.hasPrefix("\\") ? nil : Keyword($0) })
  }

  package var onWire: Set<String> {
    Set(SystemFlags.names.filter { system.contains($0.flag) }.map(\.name) + keywords.map(\.text))
  }
}
