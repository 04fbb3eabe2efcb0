import Mail
import Ports
import Reconciliation

/// One folder: its directory, its table of keywords, and where its messages are as far as that is known.
///
/// `index` only helps to find files: what it says is tried, and looked up anew where the file is not there.
@Loop
final class MaildirFolder {
  /// A listing during which names came or went is repeated so often.
  static let listingsMax = 8
  /// Nanoseconds, growing with each try.
  private static let restBetweenListings: Int64 = 15_000_000
  /// The table of keywords is tried to be written so often, for two seconds, as Dovecot does.
  private static let writingsMax = 20
  private static let restBetweenWritings: Int64 = 100_000_000
  /// In seconds, as in Dovecot.
  private static let tableLockAgeMax: Int64 = 30
  /// For more names than these a whole listing is kept.
  private static let prefixesMax = 16

  private let keywordLock = AsyncLock()

  let name: FolderName
  let directory: String
  let root: MaildirRoot
  private(set) var table = KeywordTable()
  private(set) var index: [String: MessagePlace]?
  /// Files that could not be read, with the reason; forgotten with the next wide look, and then tried again.
  var unreadableFiles: [String: String] = [:]
  private var tableStamp: FileStatus?
  /// The directories down to it as they were when they were last brought to the disk.
  var durableWay: [DirectoryState] = []
  /// The file of keywords as it was when it was last brought to the disk.
  var durableTable: FileStatus?
  private var hasReadTable = false
  private var hasTableChanged = false
  private let changeCount: @Loop () -> Int?
  var isSwept = false
  /// For the store: the higher, the later this folder's index was used.
  var lastUse = 0

  /// Between two equal answers of `changeCount` nothing happened in the folder; it answers nil where nobody watches.
  init(_ name: FolderName, directory: String, root: MaildirRoot, changeCount: @escaping @Loop () -> Int?) {
    self.name = name
    self.directory = directory
    self.root = root
    self.changeCount = changeCount
  }

  func path(_ subdirectory: Subdirectory) -> String { directory.appending(path: subdirectory.rawValue) }
  func path(_ place: MessagePlace, of unique: String) -> String { directory.appending(path: place.path(of: unique)) }
  var drafts: String { directory.appending(path: "tmp") }

  /// The time of the last change in both directories; an error where one is missing.
  func stamp() throws(FileError) -> DirectoryStamp {
    let statuses = try (status(.cur), status(.new))
    return DirectoryStamp(cur: statuses.0, new: statuses.1)
  }

  private func status(_ subdirectory: Subdirectory) throws(FileError) -> FileStatus {
    let path = path(subdirectory)
    guard let status = try root.fileSystem.status(path) else {
      throw FileError(.notFound, path: path, "\(printable(path)): there is no such directory")
    }
    guard status.kind == .directory else {
      throw FileError(.notRegular, path: path, "\(printable(path)): not a directory")
    }
    return status
  }

  // MARK: - Looking

  /// Lists both directories until nothing moves meanwhile; incomplete where it never stands still. All is read for
  /// `wanted` unique names, too, but only of these does the listing then tell.
  func list(only wanted: Set<String>? = nil) async throws(FileError) -> FolderListing {
    let prefixes = wanted.flatMap(Self.prefixes)
    var attempt = 1
    var stampBeforePause: DirectoryStamp?
    while true {
      let start = root.clock.wallTime
      let count = changeCount()
      let before = try stamp()
      var listing = FolderListing(stamp: before)
      // `new` first: a message that a reader takes over meanwhile is then seen in `cur`.
      await listing.add(try await entries(of: .new, prefixes), of: .new)
      await listing.add(try await entries(of: .cur, prefixes), of: .cur)
      listing.settle()
      let isStill = try stamp() == before
      // The watch knows; without one, only a time that lies back far enough tells.
      let isUndisturbed =
        if let count { count == changeCount() } else {
          before.isOlder(than: before.clockStep, at: start) || before == stampBeforePause
        }
      listing.isComplete = isStill && isUndisturbed
      if listing.isComplete || attempt == Self.listingsMax {
        if prefixes == nil { index = listing.places }
        return listing
      }
      attempt += 1
      guard isStill else {
        // Somebody renames many: not at once again, and again.
        if attempt > 2 { await root.pause(nanoseconds: Int64(attempt) * Self.restBetweenListings) }
        continue
      }
      stampBeforePause = before
      await root.pause(nanoseconds: before.clockStep)
    }
  }

  /// Nil where all is to be listed: for many names, for those that may be spelled in other bytes on disk, and for those
  /// of files that have no unique part of their own and go by their path.
  private static func prefixes(_ uniques: Set<String>) -> [String]? {
    let isPlain =
      uniques.count <= prefixesMax
      && uniques.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "/") } }
    return isPlain ? Array(uniques) : nil
  }

  private func entries(
    of subdirectory: Subdirectory, _ prefixes: [String]?
  ) async throws(FileError) -> [DirectoryEntry] {
    guard let prefixes else { return try await root.fileSystem.list(path(subdirectory)) }
    return try await root.fileSystem.list(path(subdirectory), beginningWith: prefixes)
  }

  /// Where the message was last seen; lists the folder where that is not known. Nil where it is not there.
  func find(_ unique: String) async throws(FileError) -> MessagePlace? {
    if let place = index?[unique] { return place }
    return try await findAnew(unique)
  }

  /// Lists the folder. Nil is a claim, so it takes a listing that nothing disturbed.
  func findAnew(_ unique: String) async throws(FileError) -> MessagePlace? {
    // Of all, because where one was renamed, others were.
    let listing = try await list()
    if let place = listing.places[unique] { return place }
    try demandComplete(listing)
    return nil
  }

  /// Those messages that are not here, by one listing for all of them, and none where each is where it was last seen.
  func absent(_ keys: some Collection<MessageKey>) async throws(FileError) -> Set<MessageKey> {
    let isKnown = { (key: MessageKey) in key.fileName.map { self.index?[$0] != nil } ?? false }
    if keys.allSatisfy(isKnown) { return [] }
    let listing = try await list()
    let absent = keys.filter { !isKnown($0) }
    if !absent.isEmpty { try demandComplete(listing) }
    return Set(absent)
  }

  /// Throws where the listing proves nothing of what it does not show.
  func demandComplete(_ listing: FolderListing) throws(FileError) {
    guard listing.isComplete else {
      throw FileError(.failed, path: directory, "list \(printable(directory)): it changes faster than it can be read")
    }
  }

  /// Calls `body` with the message's place, and again with its new one where another program renamed it meanwhile.
  /// Nil where the message is not there.
  func withPlace<Value>(
    of unique: String, _ body: (MessagePlace) throws(FileError) -> Value
  ) async throws(FileError) -> Value? {
    var place = try await find(unique)
    for _ in 0..<Self.listingsMax {
      guard let tried = place else { return nil }
      do {
        return try body(tried)
      } catch {
        guard error.kind == .notFound else { throw error }
        place = try await findAnew(unique)
        // The same place again: it is something else that was not found.
        if place == tried { throw error }
      }
    }
    throw FileError(.failed, path: unique, "\(printable(unique)): it is renamed again and again")
  }

  func record(_ unique: String, at place: MessagePlace?) { index?[unique] = place }

  func forgetIndex() { index = nil }

  // MARK: - Keywords

  /// Reads the table again where its file changed. True where it says something else now.
  @discardableResult
  func refreshTable() async throws(FileError) -> Bool {
    let stamp = try root.fileSystem.status(tablePath)
    guard stamp != tableStamp || !hasReadTable else { return false }
    let text = try await SmallFile.read(tablePath, sizeMax: KeywordTable.fileSizeMax, in: root.fileSystem)
    let read = text.map { KeywordTable(parsing: $0) } ?? KeywordTable()
    let isNews = read != table
    table = read
    tableStamp = stamp
    if isNews, hasReadTable { hasTableChanged = true }
    hasReadTable = true
    return isNews
  }

  /// True where the file of keywords is not the one that was read.
  func isTableStale() throws(FileError) -> Bool { try root.fileSystem.status(tablePath) != tableStamp }

  /// Since this was asked last; a folder whose times stand still then shows other flags nevertheless.
  func takeTableChange() -> Bool {
    defer { hasTableChanged = false }
    return hasTableChanged
  }

  func putBackTableChange() { hasTableChanged = true }

  /// Gives letters to the keywords among `flags` that have none, while there are letters.
  func holdKeywords(of flags: [FlagSet]) async throws(FileError) {
    guard flags.contains(where: { !$0.keywords.isEmpty }) else {
      try await refreshTable()
      return
    }
    // Two who read the same table would give out the same letter.
    await keywordLock.acquire()
    defer { keywordLock.release() }
    for attempt in 1...Self.writingsMax {
      if attempt > 1 { await root.pause(nanoseconds: Self.restBetweenWritings) }
      if try await extendTable(by: flags.flatMap(\.keywords)) { return }
    }
    throw FileError(.failed, path: tablePath, "write \(printable(tablePath)): another program writes it; tried again")
  }

  /// False where another program gave out letters meanwhile, or is about to: what it wrote would be lost, or our own.
  private func extendTable(by keywords: [Keyword]) async throws(FileError) -> Bool {
    try await refreshTable()
    var wanted: [Keyword] = []
    for keyword in keywords where !table.holds(keyword) && !wanted.contains(keyword) { wanted.append(keyword) }
    guard !wanted.isEmpty else { return true }
    guard try !isTableLocked() else { return false }
    let places = try await list().places
    let lettersInUse = places.reduce(into: LetterSet()) { $0.formUnion($1.value.letters(of: $1.key)) }
    var extended = table
    for keyword in wanted where !extended.add(keyword, lettersInUse: lettersInUse) {
      root.whenLettersAreUsedUp(name)
      break
    }
    guard extended != table else { return true }
    try provideDrafts()
    let isWritten = try await SmallFile.write(
      extended.text, to: tablePath, drafts: drafts, by: root,
      whileMeant: { () throws(FileError) in if try isTableStale() { false } else { try !isTableLocked() } })
    guard isWritten else { return false }
    table = extended
    tableStamp = try root.fileSystem.status(tablePath)
    durableTable = tableStamp
    return true
  }

  /// Dovecot writes the new table under this name, and then takes it for the table's. One that stands for longer was left
  /// by a process that died.
  private func isTableLocked() throws(FileError) -> Bool {
    guard let lock = try root.fileSystem.status(tablePath + ".lock") else { return false }
    // Nor is one believed from a future that the clock was set back from.
    return abs(lock.age(at: root.clock.wallTime.seconds)) < Self.tableLockAgeMax
  }

  var tablePath: String { directory.appending(path: KeywordTable.fileName) }
}
