package import Mail
package import Ports

extension MaildirFolder {
  /// What became of one message's link or rename.
  private enum Step {
    case done(String)
    /// The file system cannot link or rename across: the bytes must be copied to this place.
    case needsCopy(MessagePlace)
  }

  /// Hard links, or copies where there are none, under fresh names; durable when it returns.
  func copy(_ keys: [MessageKey], to target: MaildirFolder) async throws(FileError) -> [MessageKey: MessageKey] {
    let absent = try await prepare(keys, target)
    var result: [MessageKey: MessageKey] = [:]
    for key in keys where !absent.contains(key) {
      guard let unique = key.fileName else { continue }
      let fresh = root.nextName()
      let step = try await withPlace(of: unique) { place throws(FileError) in
        let letters = MaildirFlags.translate(place.letters(of: unique), from: table, to: target.table)
        let wanted = target.place(of: fresh, letters, was: place.subdirectory)
        do throws(FileError) {
          try root.fileSystem.link(path(place, of: unique), to: target.path(wanted, of: fresh))
        } catch {
          guard error.kind == .unsupported else { throw error }
          return Step.needsCopy(wanted)
        }
        target.record(fresh, at: wanted)
        return .done(fresh)
      }
      if case .needsCopy(let place)? = step {
        guard try await copy(unique, as: fresh, to: target, place) != nil else { continue }
      } else if step == nil {
        continue
      }
      result[key] = .file(fresh)
    }
    try await target.makeDurable()
    return result
  }

  /// Renames, keeping the unique name where it is free and not `taken`; durable when it returns.
  func move(
    _ keys: [MessageKey], to target: MaildirFolder, taken: Set<MessageKey>
  ) async throws(FileError) -> [MessageKey: MessageKey] {
    let absent = try await prepare(keys, target)
    var result: [MessageKey: MessageKey] = [:]
    var copied: [String: FileStatus] = [:]
    if target.index == nil { _ = try await target.list() }
    for key in keys where !absent.contains(key) {
      guard let unique = key.fileName else { continue }
      let isFree = target.index?[unique] == nil && !taken.contains(key)
      let fresh = root.nextName()
      let step = try await withPlace(of: unique) { place throws(FileError) in
        let letters = MaildirFlags.translate(place.letters(of: unique), from: table, to: target.table)
        guard let name = try rename(path(place, of: unique), unique, isFree, letters, place.subdirectory, to: target)
        else { return Step.needsCopy(target.place(of: fresh, letters, was: place.subdirectory)) }
        record(unique, at: nil)
        return .done(name)
      }
      switch step {
      case nil: continue
      case .done(let name)?: result[key] = .file(name)
      case .needsCopy(let place)?:
        guard let original = try await copy(unique, as: fresh, to: target, place) else { continue }
        copied[unique] = original
        result[key] = .file(fresh)
      }
    }
    try await target.makeDurable()
    try await root.fileSystem.makeDurable(files: [], directories: [path(.new), path(.cur)])
    guard !copied.isEmpty else { return result }
    // The copies are durable: only now the originals go. One that is another by now stays, and is looked at anew.
    for (unique, original) in copied { try await removeCopied(unique, original) }
    try await root.fileSystem.makeDurable(files: [], directories: [path(.new), path(.cur)])
    return result
  }

  /// Takes a file from outside any folder, such as limbo; the unique name it has here.
  func take(
    _ path: String, as unique: String, letters: LetterSet, was subdirectory: Subdirectory, taken: Set<MessageKey>
  ) async throws(FileError) -> String? {
    if index == nil { _ = try await list() }
    let isFree = index?[unique] == nil && !taken.contains(.file(unique))
    return try rename(path, unique, isFree, letters, subdirectory, to: self)
  }

  /// Nil where the file system cannot rename across.
  private func rename(
    _ source: String, _ unique: String, _ isFree: Bool, _ letters: LetterSet, _ subdirectory: Subdirectory,
    to target: MaildirFolder
  ) throws(FileError) -> String? {
    for name in isFree ? [unique, root.nextName()] : [root.nextName()] {
      let wanted = target.place(of: name, letters, was: subdirectory)
      do {
        try root.fileSystem.rename(source, to: target.path(wanted, of: name), isMail: true)
        target.record(name, at: wanted)
        return name
      } catch {
        if error.kind == .unsupported { return nil }
        guard error.kind == .exists || error.kind == .nameTooLong, name == unique else { throw error }
      }
    }
    return nil
  }

  /// Sees to letters for the keywords; the messages that are not here.
  private func prepare(_ keys: [MessageKey], _ target: MaildirFolder) async throws(FileError) -> Set<MessageKey> {
    try await refreshTable()
    let absent = try await absent(keys)
    var flags: [FlagSet] = []
    for case .file(let unique) in keys {
      guard let place = index?[unique] else { continue }
      flags.append(MaildirFlags.flags(of: place.letters(of: unique), table))
    }
    try await target.holdKeywords(of: flags)
    return absent
  }

  /// What the original was; nil where the message is not there.
  private func copy(
    _ unique: String, as fresh: String, to target: MaildirFolder, _ place: MessagePlace
  ) async throws(FileError) -> FileStatus? {
    try target.provideDrafts()
    let draft = target.drafts.appending(path: fresh)
    let original = try await copyFile(of: unique, draft: draft, to: target.path(place, of: fresh))
    if original != nil { target.record(fresh, at: place) }
    return original
  }
}

extension MaildirStore {
  package func copy(
    _ keys: [MessageKey], from source: FolderName, to target: FolderName
  ) async throws(StoreError) -> [MessageKey: MessageKey] {
    try await between(source, target) { from, to throws(FileError) in try await from.copy(keys, to: to) }
  }

  package func move(
    _ keys: [MessageKey], from source: FolderName, to target: FolderName, taken: Set<MessageKey>
  ) async throws(StoreError) -> Moved {
    Moved(
      try await between(source, target) { from, to throws(FileError) in
        try await from.move(keys, to: to, taken: taken)
      })
  }

  private func between<Value>(
    _ source: FolderName, _ target: FolderName,
    _ body: (MaildirFolder, MaildirFolder) async throws(FileError) -> Value
  ) async throws(StoreError) -> Value {
    let (from, to) = try (use(source), use(target))
    do {
      try root.requireInPlace()
      return try await body(from, to)
    } catch {
      throw root.failure(error, in: source)
    }
  }
}
