import Mail
import Ports

extension MaildirFolder {
  /// Between so many renames others get their turn on the loop.
  static let stepsBetweenPauses = 64

  /// Renames each file to the flags asked for, and makes the names durable. How each message is marked afterwards;
  /// one that is gone is not in the answer.
  func update(_ changes: [FlagChange]) async throws(FileError) -> [MessageKey: FlagSet] {
    try await holdKeywords(of: changes.map(\.adding))
    return try await relabel(changes, key: \.key) { change, letters in
      MaildirFlags.change(letters, adding: change.adding, removing: change.removing, table)
    }
  }

  /// Files that were moved here by their names bear keyword letters of the folder they come from, which mean something
  /// else here: gives them the letters of their keywords instead. Any other letter has been given since, and is what
  /// every program reads it as: this folder's.
  func carryOver(
    _ keywords: [MessageKey: FlagSet], from origin: MaildirFolder
  ) async throws(FileError) -> [MessageKey: FlagSet] {
    try await holdKeywords(of: Array(keywords.values))
    // Where that folder is gone, so is what it meant by its letters.
    let isThere = try root.fileSystem.status(origin.directory)?.kind == .directory
    if isThere { try await origin.refreshTable() }
    let known = isThere ? knownLetters : []
    return try await relabel(keywords.sorted { $0.key < $1.key }, key: \.key) { held, letters in
      guard !letters.isDisjoint(with: .keywords) else { return letters }
      let flags = FlagSet(keywords: held.value.keywords)
      let (former, own) = (keywordLetters(of: flags, origin.table), keywordLetters(of: flags, table))
      let since = letters.intersection(known).subtracting(former)
      return letters.subtracting(.keywords).union(since).union(own)
    }
  }

  private func keywordLetters(of flags: FlagSet, _ table: KeywordTable) -> LetterSet {
    MaildirFlags.letters(for: flags, table).intersection(.keywords)
  }

  /// Those that mean something here.
  private var knownLetters: LetterSet {
    (0..<KeywordTable.capacity).filter { table.keyword(at: $0) != nil }
      .reduce(into: LetterSet()) { $0.insert(LetterSet(keywordIndex: $1)) }
  }

  private func relabel<Item>(
    _ items: [Item], key: (Item) -> MessageKey, _ change: (Item, LetterSet) -> LetterSet
  ) async throws(FileError) -> [MessageKey: FlagSet] {
    var result: [MessageKey: FlagSet] = [:]
    var touched: Set<Subdirectory> = []
    let absent = try await absent(items.map(key))
    for (step, item) in items.enumerated() where !absent.contains(key(item)) {
      guard let unique = key(item).fileName else { continue }
      let place = try await withPlace(of: unique) { place throws(FileError) in
        let info = place.info(of: unique)
        let letters = info?.letters ?? []
        let changed = change(item, letters)
        let wanted =
          changed == letters ? place : self.place(of: unique, changed, tail: info, was: place.subdirectory)
        guard wanted != place else { return place }
        do throws(FileError) {
          try root.fileSystem.rename(path(place, of: unique), to: path(wanted, of: unique), isMail: true)
        } catch {
          // Another file has that name, or it is too long: this message stays as it is, and is shown so.
          guard error.kind == .exists || error.kind == .nameTooLong else { throw error }
          return place
        }
        touched.formUnion([place.subdirectory, wanted.subdirectory])
        record(unique, at: wanted)
        return wanted
      }
      if let place { result[key(item)] = MaildirFlags.flags(of: place.letters(of: unique), table) }
      if step % Self.stepsBetweenPauses == Self.stepsBetweenPauses - 1 { await Task.yield() }
    }
    if !touched.isEmpty {
      // What goes from `new` is in `cur` first.
      try await root.fileSystem.makeDurable(
        files: [], directories: [.cur, .new].filter(touched.contains).map { path($0) })
    }
    return result
  }

  /// Where a message with these letters belongs: what was seen is in `cur`, and so is what was there before; in `new`
  /// there is no info without letters.
  func place(of unique: String, _ letters: LetterSet, tail: MaildirInfo? = nil, was former: Subdirectory)
    -> MessagePlace
  {
    let subdirectory: Subdirectory = former == .cur || letters.contains(.seen) ? .cur : .new
    var info = tail ?? MaildirInfo()
    info.letters = letters
    let isBare = subdirectory == .new && info.text.isEmpty
    let name = MaildirFileName(unique: unique, info: isBare ? nil : info)
    return MessagePlace(subdirectory, fileName: name.text, unique: unique)
  }
}
