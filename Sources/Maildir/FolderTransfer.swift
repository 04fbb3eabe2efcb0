import Mail
import Ports

extension MaildirFolder {
  /// What became of one message's link or rename.
  private enum Step {
    case done(String)
    /// The file system cannot link or rename across: the bytes must be copied.
    case needsCopy(LetterSet)
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
          return Step.needsCopy(letters)
        }
        target.record(fresh, at: wanted)
        return .done(fresh)
      }
      if let name = try await finish(step, unique, as: fresh, in: target) { result[key] = .file(name) }
    }
    try await root.fileSystem.makeDurable(files: [], directories: [target.path(.new), target.path(.cur)])
    return result
  }

  /// Renames, keeping the unique name where it is free; durable when it returns.
  func move(_ keys: [MessageKey], to target: MaildirFolder) async throws(FileError) -> [MessageKey: MessageKey] {
    let absent = try await prepare(keys, target)
    var result: [MessageKey: MessageKey] = [:]
    var copied: [String] = []
    if target.index == nil { _ = try await target.list() }
    for key in keys where !absent.contains(key) {
      guard let unique = key.fileName else { continue }
      let isFree = target.index?[unique] == nil
      let step = try await withPlace(of: unique) { place throws(FileError) in
        let letters = MaildirFlags.translate(place.letters(of: unique), from: table, to: target.table)
        guard let name = try rename(path(place, of: unique), unique, isFree, letters, place.subdirectory, to: target)
        else { return Step.needsCopy(letters) }
        record(unique, at: nil)
        return .done(name)
      }
      if case .needsCopy? = step { copied.append(unique) }
      if let name = try await finish(step, unique, as: root.nextName(), in: target) { result[key] = .file(name) }
    }
    let directories = [target.path(.new), target.path(.cur), path(.new), path(.cur)]
    try await root.fileSystem.makeDurable(files: [], directories: directories)
    for unique in copied {
      // The copy is durable: only now the original goes.
      _ = try await withPlace(of: unique) { place throws(FileError) in
        try root.fileSystem.unlink(path(place, of: unique))
        record(unique, at: nil)
      }
    }
    return result
  }

  /// Takes a file from outside any folder, such as limbo; the unique name it has here.
  func take(_ path: String, as unique: String, letters: LetterSet, was subdirectory: Subdirectory)
    async throws(FileError)
    -> String?
  {
    if index == nil { _ = try await list() }
    let isFree = index?[unique] == nil
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
        try root.fileSystem.rename(source, to: target.path(wanted, of: name))
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

  private func finish(_ step: Step?, _ unique: String, as fresh: String, in target: MaildirFolder)
    async throws(FileError)
    -> String?
  {
    switch step {
    case nil: return nil
    case .done(let name)?: return name
    case .needsCopy(let letters)?: return try await copyBytes(of: unique, as: fresh, letters, to: target)
    }
  }

  private func copyBytes(of unique: String, as fresh: String, _ letters: LetterSet, to target: MaildirFolder)
    async throws(FileError) -> String?
  {
    guard let place = try await find(unique), let reader = try await openMessage(unique) else { return nil }
    defer { reader.close() }
    let draft = target.drafts.appending(path: fresh)
    let writer = try root.fileSystem.create(draft)
    root.inFlight.insert(fresh)
    defer { root.inFlight.remove(fresh) }
    do {
      while true {
        let bytes = try await reader.read(upTo: MaildirContent.pieceSize)
        if bytes.isEmpty { break }
        try writer.write(bytes)
      }
      try writer.finish(modified: reader.modified)
      try await root.fileSystem.makeDurable(files: [draft], directories: [])
      let wanted = target.place(of: fresh, letters, was: place.subdirectory)
      try root.fileSystem.rename(draft, to: target.path(wanted, of: fresh))
      target.record(fresh, at: wanted)
      return fresh
    } catch {
      writer.abandon()
      root.discard(draft)
      throw error
    }
  }
}
