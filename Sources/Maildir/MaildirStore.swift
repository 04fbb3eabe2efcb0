// Maildir: what a Maildir means, over Ports.FileSystem and Ports.DirectoryWatcher; no system call is made here.
// May import: Mail, Digests, Ports, Reconciliation. Read this file first, then MaildirFolder and WatchFolding.

package import Mail
package import Ports
package import Reconciliation

/// A Maildir tree as a store of mail.
///
/// Keys are the unique parts of file names. What is true is read from the directories each time; what is kept in
/// memory only helps to find files sooner.
@Loop
package final class MaildirStore: MailStore {
  /// Messages whose places are remembered, over all folders; some 130 bytes each.
  private static let indexedMax = 100_000
  /// Where the kernel gives no watch, it is asked again after so long.
  private static let watchRetry = Duration.seconds(60)

  package let title: String
  /// Another layout is another place: what lies in the folders of one is not there for the other, and not deleted.
  package var place: String { root.layout == .nested ? "maildir" : "maildir++" }
  package let isLocal = true
  /// The root's id, known after `open()`; the caller relies on it, keeps it, and hands it in as `expectedMarker` from then
  /// on.
  package private(set) var marker: String?
  /// Directories that are no folders although they might be meant so, and why; as of the last `folders()`.
  package private(set) var leftOut: [String: String] = [:]
  /// Symbolic links, which are nothing to us: to be told to whoever asks.
  package private(set) var notFollowed: [String: String] = [:]
  package var watchFailures: [FolderName: String] { watch?.failures ?? watchless }
  /// Called, again and again, where a keyword comes that a folder has no letter for, so that it stays on the server only.
  package var whenLettersAreUsedUp: @Loop (FolderName) -> Void {
    get { root.whenLettersAreUsedUp }
    set { root.whenLettersAreUsedUp = newValue }
  }
  package var treeWatchFailure: String? { watch?.treeFailure }

  let root: MaildirRoot
  let limbo: Limbo
  private let makeWatcher: @Loop () throws(FileError) -> any DirectoryWatcher
  private var expectedMarker: String?
  private var known: [FolderName: MaildirFolder] = [:]
  private var useCount = 0
  private var watch: MaildirWatch?
  private var watchless: [FolderName: String] = [:]

  /// `makeWatcher` is called for the first watch after each `open()`; `names` must be one's own for each process. What
  /// is deleted may be kept for `keepSeconds` by the caller's word, and is not swept before. A store that
  /// `isLookedAtOnly` makes and removes nothing by itself: no root, no marker, and leftovers stay.
  package init(
    title: String, layout: MaildirLayout, fileSystem: any FileSystem, clock: any LoopClock, names: UniqueNames,
    expectedMarker: String?, keepSeconds: Int64 = 0, isLookedAtOnly: Bool = false,
    makeWatcher: @escaping @Loop () throws(FileError) -> any DirectoryWatcher
  ) {
    self.title = title
    root = MaildirRoot(
      title: title, layout: layout, fileSystem: fileSystem, clock: clock, names: names, isLookedAtOnly: isLookedAtOnly)
    limbo = Limbo(root, keepSeconds: keepSeconds)
    self.expectedMarker = expectedMarker
    self.makeWatcher = makeWatcher
  }

  package func open() async throws(StoreError) {
    closeWatch()
    known = [:]
    marker = nil
    root.fileSystem.releaseRoot()
    if root.isLookedAtOnly {
      // Where none is expected, looking for one would make one.
      if let expectedMarker { marker = try await RootMarker.find(expected: expectedMarker, in: root) }
      return
    }
    try root.takeLock(mayMakeRoot: expectedMarker == nil)
    let found = try await RootMarker.find(expected: expectedMarker, in: root)
    do {
      try await limbo.sweep()
    } catch {
      throw root.failure(error)
    }
    marker = found
  }

  /// From now on the root that was found, and no other. To be called before anything is concluded from what is in it; until
  /// then it may have been an empty mount point.
  package func rely() { expectedMarker = marker ?? expectedMarker }

  package func close() async {
    closeWatch()
    root.releaseLock()
    known = [:]
  }

  /// Why a folder can have no directory here; nil where it can.
  package func unmappableReason(_ folder: FolderName) -> String? {
    do {
      _ = try root.layout.directory(of: folder)
      return nil
    } catch {
      return error.reason
    }
  }

  package func folders() async throws(StoreError) -> [FolderEntry] {
    do {
      // It is made when it is first opened for more than looking.
      if root.isLookedAtOnly, try root.fileSystem.status("") == nil { return [] }
      let folders = try await walk()
      try root.requireInPlace()
      return folders
    } catch {
      throw root.failure(error)
    }
  }

  package func createFolder(_ folder: FolderName) async throws(StoreError) {
    let directory = try root.directory(of: folder)
    do {
      try root.requireInPlace()
      try await FolderCreation(root: root).create(directory)
    } catch {
      throw root.failure(error, in: folder)
    }
  }

  package func removeFolder(_ folder: FolderName) async throws(StoreError) {
    let directory = try root.directory(of: folder)
    do {
      try root.requireInPlace()
      try await FolderCreation(root: root).remove(directory)
    } catch {
      throw root.failure(error, in: folder)
    }
    known[folder] = nil
  }

  /// Arms the watch of each directory before it is listed, where there is a watch.
  private func walk() async throws(FileError) -> [FolderEntry] {
    let watch = watch
    watch?.beginTree()
    let tree = try await FolderTreeWalk(root: root, arm: { watch?.armTree($0) }).run()
    watch?.endTree(tree.directories)
    (leftOut, notFollowed) = (tree.leftOut, tree.notFollowed)
    // What others removed comes back, if ever, as another folder.
    let there = Set(tree.entries.lazy.map(\.name))
    known = known.filter { there.contains($0.key) }
    return tree.entries
  }

  // MARK: - Messages

  package func look(at folder: FolderName, _ scope: LookScope) async throws(StoreError) -> Look {
    let place = try use(folder)
    defer { limitIndices(except: place) }
    switch scope {
    case .wide(let earlier): return try await lookWide(place, since: earlier)
    case .pending:
      guard let watch, watch.isWatching(folder) else { return try await lookWide(place, since: nil) }
      return try await look(at: place, watch.takeTouched(in: folder))
    case .messages(let keys):
      let uniques = keys.compactMap(\.fileName)
      return try await look(at: place, Dictionary(uniqueKeysWithValues: uniques.map { ($0, Touch()) }))
    case .glance: return try await glance(at: place, since: nil)
    case .glanceSince(let earlier): return try await glance(at: place, since: earlier)
    }
  }

  package func identify(_ keys: [MessageKey], in folder: FolderName) async throws(StoreError) -> [MessageKey:
    Identified]
  {
    let place = try use(folder)
    defer { limitIndices(except: place) }
    do {
      return try await place.identify(keys)
    } catch {
      throw root.failure(error, in: folder)
    }
  }

  package func read(
    _ keys: [MessageKey], in folder: FolderName,
    receive: @Loop (MessageKey, Result<any MessageContent, StoreError>) async throws(StoreError) -> Void
  ) async throws(StoreError) {
    let place = try use(folder)
    defer { limitIndices(except: place) }
    try await place.read(keys, receive: receive)
  }

  package func reserveKeys(_ count: Int, in folder: FolderName) -> [MessageKey]? {
    (0..<count).map { _ in .file(root.nextName()) }
  }

  package func delivery(into folder: FolderName) async throws(StoreError) -> any Delivery {
    let place = try use(folder)
    do {
      try root.requireInPlace()
      try await place.sweepOnce()
      try place.provideDrafts()
      _ = try place.stamp()
    } catch {
      throw root.failure(error, in: folder)
    }
    return MaildirDelivery(into: place)
  }

  package func update(_ changes: [FlagChange], in folder: FolderName) async throws(StoreError) -> Marked {
    let place = try use(folder)
    defer { limitIndices(except: place) }
    do {
      return Marked(try await place.update(changes))
    } catch {
      throw root.failure(error, in: folder)
    }
  }

  package func carryOver(
    _ keywords: [MessageKey: FlagSet], from origin: FolderName, in folder: FolderName
  ) async throws(StoreError) -> [MessageKey: FlagSet] {
    let (place, former) = try (use(folder), use(origin))
    defer { limitIndices(except: place) }
    do {
      return try await place.carryOver(keywords, from: former)
    } catch {
      throw root.failure(error, in: folder)
    }
  }

  package func delete(_ keys: [MessageKey], in folder: FolderName) async throws(StoreError) -> Deletion {
    let place = try use(folder)
    defer { limitIndices(except: place) }
    do {
      try root.requireInPlace()
      return try await limbo.take(keys, from: place)
    } catch {
      throw root.failure(error, in: folder)
    }
  }

  // MARK: - Watching

  package func watch(_ folders: [FolderName]) async throws(StoreError) -> [FolderName: WatchKind] {
    var places: [(name: FolderName, directory: String)] = []
    for folder in folders { places.append((folder, try root.directory(of: folder))) }
    let watch: MaildirWatch
    do {
      watch = try ensureWatch()
    } catch {
      watchless = Dictionary(folders.map { ($0, error.text) }) { first, _ in first }
      return watchless.mapValues { _ in .poll }
    }
    let result = watch.setFolders(places)
    do {
      _ = try await walk()
    } catch {
      throw root.failure(error)
    }
    return result
  }

  package func nextEvents() async throws(StoreError) -> [StoreEvent] {
    do {
      while true {
        let watch: MaildirWatch
        do {
          watch = try ensureWatch()
        } catch {
          // `watch(_:)` has told that its folders are polled.
          try await root.clock.sleep(until: root.clock.now.advanced(by: Self.watchRetry), tolerance: nil)
          continue
        }
        let told = events(for: try await watch.next())
        if !told.isEmpty { return told }
      }
    } catch {
      throw StoreError(.account, .cancelled, "\(title): the watch was closed")
    }
  }

  private func ensureWatch() throws(FileError) -> MaildirWatch {
    if let watch { return watch }
    let made = MaildirWatch(try makeWatcher(), root)
    watch = made
    return made
  }

  private func events(for news: Set<WatchFolding.News>) -> [StoreEvent] {
    if news.contains(.everythingUncertain) { return [.everythingUncertain, .foldersChanged] }
    var events: [StoreEvent] = []
    for item in news {
      switch item {
      case .changed(let folder): if !news.contains(.uncertain(folder)) { events.append(.changed(folder)) }
      case .uncertain(let folder): events.append(.uncertain(folder))
      case .tableWritten(let folder): if isTableStale(folder) { events.append(.uncertain(folder)) }
      case .foldersChanged: events.append(.foldersChanged)
      case .everythingUncertain: events.append(.everythingUncertain)
      }
    }
    return events
  }

  /// False for our own writing of the table.
  private func isTableStale(_ folder: FolderName) -> Bool {
    guard let place = known[folder] else { return true }
    do {
      return try place.isTableStale()
    } catch {
      // A look will say what is wrong.
      return true
    }
  }

  private func closeWatch() {
    watch?.close()
    watch = nil
    watchless = [:]
  }

  // MARK: - Within

  private func lookWide(_ place: MaildirFolder, since earlier: Checkpoint?) async throws(StoreError) -> Look {
    // What may still be written is looked at when it is whole.
    if let due = watch?.folding.nextDue(in: place.name) {
      await root.pause(nanoseconds: max(0, root.clock.now.duration(to: due).nanoseconds))
    }
    let touched = watch?.takeTouched(in: place.name) ?? [:]
    do {
      var look = try await place.lookWide(since: earlier)
      for (unique, touch) in touched {
        guard let origin = touch.movedFrom, var observation = look.present[.file(unique)] else { continue }
        observation.traits = MessageTraits(movedFrom: origin)
        look.present[.file(unique)] = observation
      }
      // A listing that was disturbed has not answered what the watch had told.
      if look.checkpoint == nil { watch?.putBack(touched, in: place.name) }
      try root.requireInPlace(for: look)
      return look
    } catch {
      watch?.putBack(touched, in: place.name)
      throw root.failure(error, in: place.name)
    }
  }

  private func glance(at place: MaildirFolder, since earlier: Checkpoint?) async throws(StoreError) -> Look {
    // A table that was written since is still to be seen by a look.
    defer { place.putBackTableChange() }
    do {
      let look = try await place.lookWide(since: earlier)
      try root.requireInPlace(for: look)
      // Asked by its former name, one that was renamed may answer all the same.
      try await root.requireSpelling(of: place.directory)
      return look
    } catch {
      throw root.failure(error, in: place.name)
    }
  }

  private func look(at place: MaildirFolder, _ touched: [String: Touch]) async throws(StoreError) -> Look {
    do {
      let (look, undecided) = try await place.look(at: touched)
      try root.requireInPlace(for: look)
      watch?.putBack(undecided, in: place.name)
      return look
    } catch {
      watch?.putBack(touched, in: place.name)
      throw root.failure(error, in: place.name)
    }
  }

  func use(_ folder: FolderName) throws(StoreError) -> MaildirFolder {
    let place: MaildirFolder
    if let found = known[folder] {
      place = found
    } else {
      let directory = try root.directory(of: folder)
      place = MaildirFolder(folder, directory: directory, root: root) { [weak self] in
        self?.watch?.changeCount(below: directory)
      }
      known[folder] = place
    }
    useCount += 1
    place.lastUse = useCount
    return place
  }

  /// Forgets the places of messages in the folders that were not used for longest.
  private func limitIndices(except used: MaildirFolder) {
    var total = known.values.reduce(0) { $0 + ($1.index?.count ?? 0) }
    guard total > Self.indexedMax else { return }
    for place in known.values.sorted(by: { $0.lastUse < $1.lastUse }) where place !== used {
      total -= place.index?.count ?? 0
      place.forgetIndex()
      if total <= Self.indexedMax { return }
    }
  }
}
