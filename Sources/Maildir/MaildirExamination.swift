package import Mail
package import Ports

/// What a look at a whole Maildir found that is wrong with it, or could go wrong. Nothing is changed by looking.
package struct MaildirExamination: Sendable {
  package var folderCount = 0
  /// Directories that the kernel has to watch so that every folder is.
  package var watchCount = 0
  package var findings: [MaildirFinding] = []
}

/// One thing that is or could go wrong in a Maildir. Paths are below the root.
package enum MaildirFinding: Hashable, Sendable {
  /// A folder without some of `cur`, `new` and `tmp`. `absent` messages that the base knows of it are in none of those
  /// that are left: directories made anew would show them as deleted (law L8).
  case incomplete(FolderName, missing: [String], absent: Int)
  /// A directory in which the kernel refuses us what a sync does there.
  case unusable(directory: String, reason: String)
  case leftover(Leftover)
  case unreadableKeywords(FolderName, path: String, reason: String)
  /// Keywords that have no letter: those numbered beyond z, and what came when the letters were used up.
  case keywordsBeyondLetters(path: String, count: Int)
  case repeatedKeywords(path: String, [Keyword])
  case unknownKeywordLines(path: String, count: Int)
  /// A directory that is no folder although it might be meant so.
  case leftOut(directory: String, reason: String)
  /// Deletions whose mail is kept no longer.
  case overdue(count: Int)

  /// True where `mend` can do something about it, without risk to any message.
  package var isMendable: Bool {
    switch self {
    case .incomplete(_, _, let absent): absent == 0
    case .leftover: true
    case .unusable, .unreadableKeywords, .keywordsBeyondLetters, .repeatedKeywords, .unknownKeywordLines, .leftOut,
      .overdue:
      false
    }
  }
}

extension MaildirStore {
  /// - Parameters:
  ///   - known: folders that the base knows, whether they are there or not.
  ///   - knownKeys: the messages that the base knows of a folder.
  ///   - serverKeywords: those that the base knows of a folder's messages on the other side only.
  ///   - isAlone: no other martlet has this Maildir open, so that a draft of ours is nobody's.
  ///   - isBeingWritten: whether some process has the file at this path open for writing.
  ///   - refusal: why the directory at this path cannot be read, written and searched; nil where it can.
  package func examine(
    known: some Collection<FolderName>, isAlone: Bool, knownKeys: @Loop (FolderName) throws(StoreError) -> Set<String>,
    serverKeywords: @Loop (FolderName) throws(StoreError) -> Set<Keyword>,
    isBeingWritten: @Loop (String) -> Bool, refusal: @Loop (String) -> String?
  ) async throws(StoreError) -> MaildirExamination {
    let tree = try await onDisk { () async throws(FileError) in
      try await FolderTreeWalk(root: root, arm: { _ in }).run()
    }
    let there = tree.entries.filter(\.holdsMessages).map(\.name)
    var result = MaildirExamination(folderCount: there.count, watchCount: tree.directories.count + 2 * there.count)
    for name in Set(there).union(known).sorted() {
      let place = MaildirFolder(name, directory: try root.directory(of: name), root: root) { nil }
      let directories = [place.directory] + ["cur", "new", "tmp"].map { place.directory.appending(path: $0) }
      let unusable = try await unusable(directories, refusal)
      result.findings += unusable
      // What cannot be looked into would hide the findings of all other folders.
      guard unusable.isEmpty else { continue }
      if let incomplete = try await missingParts(of: place, knownKeys) { result.findings.append(incomplete) }
      let serverKeywords = try serverKeywords(name)
      result.findings += try await onDisk { () async throws(FileError) in
        try await leftovers(in: place, isAlone, isBeingWritten) + place.keywordFindings(serverKeywords)
      }
    }
    let unusable = try await unusable([RootMarker.path.parentPath, Limbo.directory], refusal)
    result.findings += unusable
    if unusable.isEmpty {
      result.findings += try await onDisk { () async throws(FileError) in try await limboFindings(isAlone) }
    }
    let leftOut = tree.leftOut.merging(tree.notFollowed) { reason, _ in reason }
    result.findings += leftOut.sorted { $0.key < $1.key }.map { .leftOut(directory: $0.key, reason: $0.value) }
    return result
  }

  /// Of those of the directories that are there; the root itself is the caller's.
  private func unusable(
    _ directories: [String], _ refusal: @Loop (String) -> String?
  ) async throws(StoreError) -> [MaildirFinding] {
    try await onDisk { () async throws(FileError) in
      var findings: [MaildirFinding] = []
      for directory in directories where !directory.isEmpty {
        guard try root.fileSystem.status(directory)?.kind == .directory else { continue }
        guard let reason = refusal(directory) else { continue }
        findings.append(.unusable(directory: directory, reason: reason))
        // What is in it cannot be looked at.
        break
      }
      return findings
    }
  }

  /// What fails there is this store's failure.
  private func onDisk<Value>(_ body: @Loop () async throws(FileError) -> Value) async throws(StoreError) -> Value {
    do {
      return try await body()
    } catch {
      throw root.failure(error)
    }
  }

  private func limboFindings(_ isAlone: Bool) async throws(FileError) -> [MaildirFinding] {
    var findings: [MaildirFinding] = isAlone ? try await limbo.drafts().map { .leftover($0) } : []
    let overdue = try await limbo.overdue().count
    if overdue > 0 { findings.append(.overdue(count: overdue)) }
    return findings
  }

  /// Takes the Maildir for oneself, as a sync does, until `close()`: throws `.held` where another has it.
  package func takeAlone() throws(StoreError) { try root.takeLock(mayMakeRoot: false) }

  package func letGo() { root.releaseLock() }

  /// Does what the finding calls for; it must be mendable. A leftover is looked at once more before it is removed.
  package func mend(_ finding: MaildirFinding, isBeingWritten: @Loop (String) -> Bool) async throws(StoreError) {
    switch finding {
    case .incomplete(let name, _, _):
      let directory = try root.directory(of: name)
      try await onDisk { () async throws(FileError) in try await FolderCreation(root: root).create(directory) }
    case .leftover(let leftover):
      try await onDisk { () async throws(FileError) in try remove(leftover, unless: isBeingWritten) }
    case .unusable, .unreadableKeywords, .keywordsBeyondLetters, .repeatedKeywords, .unknownKeywordLines, .leftOut,
      .overdue:
      preconditionFailure("there is nothing to be done about \(finding)")
    }
  }

  private func remove(_ leftover: Leftover, unless isBeingWritten: @Loop (String) -> Bool) throws(FileError) {
    guard !isBeingWritten(leftover.path), try isStill(leftover) else {
      throw FileError(.held, path: leftover.path, "remove \(printable(leftover.path)): it is being written after all")
    }
    try root.fileSystem.unlink(leftover.path)
  }

  private func missingParts(
    of place: MaildirFolder, _ knownKeys: @Loop (FolderName) throws(StoreError) -> Set<String>
  ) async throws(StoreError) -> MaildirFinding? {
    let missing = try await onDisk { () async throws(FileError) in try absentParts(of: place) }
    // Without all three it is gone, or only holds other folders: that is for a sync to say.
    guard !missing.isEmpty, missing.count < 3 else { return nil }
    var absent: Set<String> = []
    if missing != ["tmp"] {
      absent = try knownKeys(place.name)
      for part in Subdirectory.allCases where !missing.contains(part.rawValue) {
        let entries = try await onDisk { () async throws(FileError) in try await root.fileSystem.list(place.path(part))
        }
        for entry in entries { absent.remove(MaildirFileName(entry.name).unique) }
      }
    }
    return .incomplete(place.name, missing: missing, absent: absent.count)
  }

  private func absentParts(of place: MaildirFolder) throws(FileError) -> [String] {
    var absent: [String] = []
    for part in ["cur", "new", "tmp"]
    where try root.fileSystem.status(place.directory.appending(path: part))?.kind != .directory { absent.append(part) }
    return absent
  }

  private func leftovers(
    in place: MaildirFolder, _ isAlone: Bool, _ isBeingWritten: @Loop (String) -> Bool
  ) async throws(FileError) -> [MaildirFinding] {
    try await place.leftovers()
      .filter { ($0.isGivenUp || isAlone) && !isBeingWritten($0.path) }
      .sorted { $0.path < $1.path }
      .map { .leftover($0) }
  }

  private func isStill(_ leftover: Leftover) throws(FileError) -> Bool {
    guard let status = try root.fileSystem.status(leftover.path), status.kind == .file else { return false }
    return status.age(at: root.clock.wallTime.seconds) >= leftover.ageSeconds
  }
}

extension MaildirFolder {
  fileprivate func keywordFindings(_ serverKeywords: Set<Keyword>) async throws(FileError) -> [MaildirFinding] {
    let path = directory.appending(path: KeywordTable.fileName)
    do {
      try await refreshTable()
    } catch {
      // Everything else of the folder can be told nevertheless.
      return [.unreadableKeywords(name, path: path, reason: error.text)]
    }
    var findings: [MaildirFinding] = []
    let beyond = table.beyondLetters.union(serverKeywords.filter { !table.holds($0) }.map(\.text))
    if !beyond.isEmpty { findings.append(.keywordsBeyondLetters(path: path, count: beyond.count)) }
    if !table.repeated.isEmpty { findings.append(.repeatedKeywords(path: path, table.repeated)) }
    if table.countNotUnderstood > 0 {
      findings.append(.unknownKeywordLines(path: path, count: table.countNotUnderstood))
    }
    return findings
  }
}
