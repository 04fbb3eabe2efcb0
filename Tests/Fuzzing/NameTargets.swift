import IMAP
import Mail
import Maildir

extension FuzzTarget {
  /// Mailbox names in modified UTF-7: read and written are each other's inverse.
  static let utf7 = FuzzTarget("utf7", lengthMax: 256) { input, _ in
    if let text = ModifiedUTF7.decode(input) {
      try demand(ModifiedUTF7.encode(text) == input, "what is read would have been written otherwise")
    }
    let text = String(decoding: input, as: UTF8.self)
    let read = ModifiedUTF7.decode(ModifiedUTF7.encode(text))
    try demand(read.map { $0.utf8.elementsEqual(text.utf8) } ?? false, "what is written is not read again")
  }

  /// A server's name for a mailbox, a folder's name and a directory's, each way (laws L1, L12).
  static let folders = FuzzTarget("folders", lengthMax: 1200) { input, _ in
    let text = String(decoding: input, as: UTF8.self)
    if let mailbox = MailboxName(bytes: input) {
      for naming in namings {
        guard let folder = naming.folderName(for: mailbox) else { continue }
        let back = naming.mailboxName(for: folder)
        try demand(back == mailbox || mailbox.isInbox && back == .inbox, "\(folder) is another mailbox: \(mailbox)")
        try checkDirectories(of: folder)
        _ = naming.mailbox(meantBy: mailbox) { _ in false }
      }
    }
    if let folder = FolderName(text) {
      try demand(FolderName("\(folder)") == folder, "written and read again, the folder is another: \(folder)")
      try checkDirectories(of: folder)
      for naming in namings {
        guard let mailbox = naming.mailboxName(for: folder) else { continue }
        try demand(naming.folderName(for: mailbox) == folder, "\(mailbox) is another folder: \(folder)")
      }
    }
    for layout in MaildirLayout.allCases {
      guard let folder = folder(at: text, in: layout) else { continue }
      try demand(
        directory(of: folder, in: layout).map { $0.utf8.elementsEqual(text.utf8) } ?? false,
        "\(folder) has another directory than \(text.debugDescription)")
    }
  }

  private static let namings = [
    MailboxNaming(delimiter: UInt8(ascii: "/")),
    MailboxNaming(delimiter: UInt8(ascii: "."), prefix: Array("INBOX.".utf8)),
    MailboxNaming(delimiter: nil), MailboxNaming(delimiter: UInt8(ascii: "/"), encoding: .utf8),
    MailboxNaming(delimiter: UInt8(ascii: "&")), MailboxNaming(delimiter: UInt8(ascii: "="), encoding: .utf8),
  ]

  /// Where a folder has a directory, it is that folder's alone, and below the root.
  private static func checkDirectories(of name: FolderName) throws(Broken) {
    for layout in MaildirLayout.allCases {
      guard let directory = directory(of: name, in: layout) else { continue }
      try demand(folder(at: directory, in: layout) == name, "\(directory) is another folder's than \(name)")
      let parts = directory.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      let leavesRoot = parts.contains { [[], [0x2E], [0x2E, 0x2E]].contains(Array($0)) || $0.contains(0) }
      try demand(directory.isEmpty || !leavesRoot, "\(name) is outside the root: \(directory.debugDescription)")
    }
  }

  private static func directory(of folder: FolderName, in layout: MaildirLayout) -> String? {
    do { return try layout.directory(of: folder) } catch { return nil }
  }

  private static func folder(at directory: String, in layout: MaildirLayout) -> FolderName? {
    do { return try layout.folder(at: directory) } catch { return nil }
  }

  /// The first line is a file's name, the rest a table of keywords: both are written back as they were read, no foreign
  /// field or letter is lost, and a keyword never gets a letter that means another (law L6).
  static let maildir = FuzzTarget("maildir", lengthMax: 2 << 10) { input, _ in
    let lines = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    let text = String(decoding: lines[0], as: UTF8.self)
    let name = MaildirFileName(text)
    try demand(MaildirFileName(name.text) == name, "written and read again, the name is another: \(name.text)")
    try demand(text.utf8.starts(with: name.unique.utf8), "the unique part was changed: \(name.unique)")
    try demand(lettersSorted(name.text) == lettersSorted(text), "something of the name was lost: \(name.text)")

    let table = KeywordTable(parsing: lines.count > 1 ? String(decoding: lines[1], as: UTF8.self) : "")
    try demand(KeywordTable(parsing: table.text) == table, "written and read again, the table is another")
    guard let info = name.info else { return }
    let flags = MaildirFlags.flags(of: info.letters, table)
    let again = MaildirFlags.flags(of: MaildirFlags.letters(for: flags, table), table)
    try demand(again == flags, "by letters and back, the flags are others: \(flags), \(again)")
    let unchanged = MaildirFlags.change(info.letters, adding: flags, removing: .none, table)
    try demand(unchanged == info.letters, "adding what is there changes the letters")
    try checkNewKeyword(table, flags, info.letters)
  }

  private static func checkNewKeyword(_ old: KeywordTable, _ flags: FlagSet, _ letters: LetterSet) throws(Broken) {
    guard let keyword = Keyword("$FuzzLabel") else { return }
    var table = old
    guard table.add(keyword, lettersInUse: letters) else { return }
    var expected = flags
    if old.holds(keyword) { return }
    try demand(MaildirFlags.flags(of: letters, table) == expected, "an old letter has a new meaning")
    expected.insert(keyword)
    let marked = MaildirFlags.change(letters, adding: expected, removing: .none, table)
    try demand(MaildirFlags.flags(of: marked, table) == expected, "the new keyword has no letter of its own")
    try demand(KeywordTable(parsing: table.text) == table, "written and read again, the longer table is another")
  }

  /// The name's letters once each and in order, whatever stands around them.
  private static func lettersSorted(_ name: String) -> [UInt8] {
    let bytes = Array(name.utf8)
    let mark = Array(":2,".utf8)
    guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return bytes }
    let letters = bytes[(start + 3)...].prefix { LetterSet(letter: $0) != nil }
    return bytes[..<(start + 3)] + Set(letters).sorted() + bytes[(start + 3 + letters.count)...]
  }
}
