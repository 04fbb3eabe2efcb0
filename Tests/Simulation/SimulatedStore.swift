package import Mail
package import Ports
package import Reconciliation

/// A store in memory that behaves as a server or as a Maildir does: numbers or names, transfers or not, modification
/// sequences or full listings.
///
/// It promises the contract of `MailStore`, one step at a time: before and after each effect it asks `faults`, which may
/// end the world there. It does not simulate partial lines, latency or the file system; that is for bytes and real
/// servers.
@Loop
package final class SimulatedStore: MailStore {
  package enum Kind: Hashable, Sendable { case server, maildir }

  package struct Folder: Equatable, Sendable {
    package var validity = UIDValidity(rawValue: 1)
    package var nextNumber: UInt32 = 1
    package var modSeq: UInt64 = 1
    /// Of a Maildir's directory.
    package var (inode, isOnOwnFileSystem): (UInt64, Bool) = (1, false)
    package var messages: [MessageKey: SimulatedMessage] = [:]
    /// When each message last changed or went, for deltas.
    package var changed: [MessageKey: UInt64] = [:]

    package init() {}
  }

  package nonisolated let title: String
  /// Another, when the account was made to point elsewhere.
  package var place: String
  package nonisolated let kind: Kind
  package nonisolated var isLocal: Bool { kind == .maildir }
  package var folders: [FolderName: Folder] = [.inbox: Folder()]
  /// What tells an older copy of it.
  package var storeAge: String?
  /// What was deleted and can be taken back.
  package var kept: [MessageKey: SimulatedMessage] = [:]
  private static let limbo = "limbo-"
  package let faults: Faults
  /// False: no CONDSTORE, each wide look is a full listing.
  package var hasModSeq = true
  /// Keywords that it cannot hold are dropped silently, as Maildirs and some servers do.
  package var holdsKeywords = true
  /// Messages that the next flag change does not find, as when a mail reader renames them at that moment.
  package var elusive: Set<String> = []
  /// Texts of messages whose content cannot be read just now, so that nobody can tell what they are.
  package var unreadable: Set<String> = []
  /// The same, and nothing tells so before somebody tries.
  package var unidentifiable: Set<String> = []
  /// Texts of messages that come and go while everything is listed, so that no listing shows them.
  package var restless: Set<String> = []
  /// No folder can be made, as on a disk that is full.
  package var hasNoRoom = false
  /// How many turns others get before folders are listed.
  package var listingTurns = 0
  /// The listing of folders tells their numbering.
  package var listsNumbers = true
  /// False: a look tells no UIDNEXT, and what it starts from next is a guess.
  package var tellsUIDNext = true
  /// Texts of messages of which a listing tells the flags only, as of all that were there at the last look.
  package var knownTexts: Set<String> = []
  /// The listing of folders names none, as of a server in trouble.
  package var listsNothing = false
  /// What a move comes to: on a server without MOVE and UIDPLUS others' marks of deletion are in its way.
  package var movesTo = MoveResult.move
  package enum MoveResult: CaseIterable, Sendable { case move, copy, nothing }
  /// What somebody else does to the store while it carries out the next flag change.
  package var meanwhile: (@Loop (SimulatedStore) -> Void)?
  /// What becomes of the store when a deletion begins.
  package var onDelete: (@Loop (SimulatedStore) -> Void)?
  /// Messages that a deletion leaves, as others' marks may make it, or a purge, as a disk may.
  package var undeletable: Set<String> = []
  /// It keeps no two alike in one folder, as Gmail does: a second one becomes the first.
  package var keepsNoTwins = false
  /// Messages whose storing it refuses.
  package var refused: Set<String> = []
  /// It has no room for a message of more octets; nil for room without end.
  package var room: Int?
  /// Before what was sent to a folder is stored there.
  package var beforeStoring: (@Loop (FolderName) async -> Void)?
  /// Folders that lack what is needed to bring mail there, and what somebody does to the store when that is tried.
  package var lacking: [FolderName: (@Loop (SimulatedStore) -> Void)?] = [:]
  /// Folders that it does not make.
  package var refusedFolders: Set<FolderName> = []
  package var refuses = Refusals()
  /// How many messages' contents left it.
  package private(set) var transfers = 0
  /// How many messages its looks have shown.
  package private(set) var shown = 0
  /// What somebody does just before a watch is armed, after the looks of the pass that found its folders.
  package var beforeWatch: (@Loop (SimulatedStore) -> Void)?
  /// What is told of folders that cannot be watched.
  package var watchFailures: [FolderName: String] = [:]
  /// Folders whose changes are told; nil for all.
  private var watched: Set<FolderName>?
  private var pending: [FolderName: Set<MessageKey>] = [:]
  private let events = EventQueue()

  package init(_ kind: Kind, title: String, faults: Faults) {
    self.kind = kind
    self.title = title
    place = title
    self.faults = faults
  }

  // MARK: What users do

  @discardableResult
  package func put(
    _ message: SimulatedMessage, in folder: FolderName = .inbox, as key: MessageKey? = nil
  ) -> MessageKey {
    let key = insert(message, in: folder, key: key)
    notice(key, folder)
    return key
  }

  package func setFlags(_ flags: FlagSet, of key: MessageKey, in folder: FolderName = .inbox) {
    folders[folder]?.messages[key]?.flags = flags
    touch(key, folder)
    notice(key, folder)
  }

  package func remove(_ key: MessageKey, in folder: FolderName = .inbox) {
    folders[folder]?.messages[key] = nil
    touch(key, folder)
    notice(key, folder)
  }

  // MARK: MailStore

  package func open() async throws(StoreError) { try faults.step("\(title) open") }
  package func close() async {}

  package func folders() async throws(StoreError) -> [FolderEntry] {
    try faults.step("\(title) list")
    for _ in 0..<listingTurns { await Task.yield() }
    if listsNothing { return [] }
    return folders.keys.sorted().map { FolderEntry(name: $0, checkpoint: listsNumbers ? checkpoint($0) : nil) }
  }

  package func createFolder(_ folder: FolderName) async throws(StoreError) {
    if hasNoRoom { throw StoreError(.folder, .noSpace, "\(folder): no room") }
    if refusedFolders.contains(folder) { throw StoreError(.folder, .refused, "\(folder): not such a name") }
    try faults.effect("\(title) create \(folder)") { folders[folder] = folders[folder] ?? Folder() }
  }

  package func removeFolder(_ folder: FolderName) async throws(StoreError) {
    guard folders[folder]?.messages.isEmpty ?? true else {
      throw StoreError(.folder, .refused, "\(folder) is not empty")
    }
    if kind == .server, folder.isInbox { throw StoreError(.folder, .refused, "\(folder) cannot be removed") }
    if kind == .server, folders.keys.contains(where: { $0.parent == folder }) {
      throw StoreError(.folder, .refused, "\(folder) holds other folders")
    }
    try faults.effect("\(title) remove \(folder)") { folders[folder] = nil }
  }

  package func look(at folder: FolderName, _ scope: LookScope) async throws(StoreError) -> Look {
    try faults.step("\(title) look \(folder)")
    let look = try found(in: folder, scope)
    shown += look.present.count
    return look
  }

  private func found(in folder: FolderName, _ scope: LookScope) throws(StoreError) -> Look {
    guard let state = folders[folder] else { throw StoreError(.folder, .gone, "\(folder) is not there") }
    switch scope {
    case .glance:
      return Look(
        coverage: .complete, present: state.messages.mapValues(observation), checkpoint: checkpoint(folder))
    case .messages(let keys): return look(at: keys, state)
    case .pending: return look(at: pending.removeValue(forKey: folder) ?? [], state)
    case .glanceSince(let since): return look(at: folder, state, since: since)
    case .wide(let since):
      pending[folder] = nil
      return look(at: folder, state, since: since)
    }
  }

  package func identify(
    _ keys: [MessageKey], in folder: FolderName
  ) async throws(StoreError) -> [MessageKey: Identified] {
    try faults.step("\(title) identify")
    if kind == .server { transfers += keys.count }
    var found: [MessageKey: Identified] = [:]
    for key in keys {
      guard let message = folders[folder]?.messages[key], !unreadable.contains(message.text),
        !unidentifiable.contains(message.text)
      else { continue }
      found[key] = Identified(identity: message.identity, date: message.date)
    }
    return found
  }

  package func read(
    _ keys: [MessageKey], in folder: FolderName,
    receive: @Loop (MessageKey, Result<any MessageContent, StoreError>) async throws(StoreError) -> Void
  ) async throws(StoreError) {
    for key in keys {
      try faults.step("\(title) read \(key)")
      guard let message = folders[folder]?.messages[key] else { continue }
      if kind == .server, unreadable.contains(message.text) {
        try await receive(key, .failure(StoreError(.message, .refused, "it cannot be read")))
        continue
      }
      transfers += 1
      try await receive(key, .success(SimulatedContent(message)))
    }
  }

  /// What people put there is not durable by itself; which messages were made so, the fault log tells.
  package func secure(_ keys: [MessageKey], in folder: FolderName) async throws(StoreError) {
    guard kind == .maildir else { return }
    for key in keys { try faults.step("\(title) secure \(key)") }
  }

  package func secureNames(in folder: FolderName) async throws(StoreError) {
    guard kind == .maildir else { return }
    try faults.step("\(title) secure names of \(folder)")
  }

  package func reserveKeys(_ count: Int, in folder: FolderName) -> [MessageKey]? {
    guard kind == .maildir else { return nil }
    return (0..<count).map { _ in newKey(folder) }
  }

  package func delivery(into folder: FolderName) async throws(StoreError) -> any Delivery {
    if let somebody = lacking[folder] {
      somebody?(self)
      throw StoreError(.folder, .gone, "\(folder): something is not there")
    }
    return SimulatedDelivery(self, folder)
  }

  package func copy(
    _ keys: [MessageKey], from source: FolderName, to target: FolderName
  ) async throws(StoreError) -> [MessageKey: MessageKey] {
    refuses.copies.contains(target) ? [:] : try place(keys, from: source, to: target, removing: false)
  }

  package var movesAtOnce: Bool { movesTo != .copy }

  package func move(
    _ keys: [MessageKey], from source: FolderName, to target: FolderName, taken: Set<MessageKey>
  ) async throws(StoreError) -> Moved {
    let there = Set(keys.filter { folders[source]?.messages[$0] != nil })
    if refuses.copies.contains(target) { return Moved(left: there, refusal: "nothing is taken into \(target)") }
    return switch movesTo {
    case .move: Moved(try place(keys, from: source, to: target, removing: true, taken: taken))
    case .copy: Moved(try place(keys, from: source, to: target, removing: false), left: there)
    case .nothing: Moved(left: there)
    }
  }

  package func update(_ changes: [FlagChange], in folder: FolderName) async throws(StoreError) -> Marked {
    var marked = Marked()
    let meanwhile = meanwhile
    self.meanwhile = nil
    meanwhile?(self)
    for change in changes {
      guard let message = folders[folder]?.messages[change.key], elusive.remove(message.text) == nil else { continue }
      let before = message.flags
      if refuses.flags.contains(message.text) {
        (marked.shown[change.key], marked.refused[change.key]) = (before, "no flags are taken")
        continue
      }
      try faults.effect("\(title) flag \(change.key)") {
        folders[folder]?.messages[change.key]?.flags = held(before.union(change.adding).subtracting(change.removing))
        touch(change.key, folder)
      }
      marked.shown[change.key] = folders[folder]?.messages[change.key]?.flags
    }
    return marked
  }

  package func delete(_ keys: [MessageKey], in folder: FolderName) async throws(StoreError) -> Deletion {
    var deletion = Deletion(refusal: refuses.deletions)
    onDelete?(self)
    if deletion.refusal != nil { return deletion }
    for key in keys where !(folders[folder]?.messages[key].map { undeletable.contains($0.text) } ?? false) {
      try faults.effect("\(title) delete \(key)") {
        if let message = folders[folder]?.messages.removeValue(forKey: key), kind == .maildir {
          let keptKey = MessageKey.file("\(Self.limbo)\(key)")
          kept[keptKey] = message
          deletion.kept[key] = keptKey
        }
        touch(key, folder)
        deletion.gone.insert(key)
      }
    }
    return deletion
  }

  package func identify(kept keys: [MessageKey]) async throws(StoreError) -> [MessageKey: MessageDigest] {
    try faults.step("\(title) identify kept")
    return Dictionary(
      uniqueKeysWithValues: keys.compactMap { key in kept[key].map { (key, $0.identity.digest) } })
  }

  package func restore(
    _ keys: [MessageKey], to folder: FolderName, taken: Set<MessageKey>
  ) async throws(StoreError) -> [MessageKey: MessageKey] {
    var restored: [MessageKey: MessageKey] = [:]
    for key in keys {
      try faults.effect("\(title) restore \(key)") {
        guard let message = kept.removeValue(forKey: key) else { return }
        let former = key.fileName.map { MessageKey.file(String($0.dropFirst(Self.limbo.count))) }
        let isFree = former.map { folders[folder]?.messages[$0] == nil && !taken.contains($0) } ?? false
        restored[key] = insert(message, in: folder, key: isFree ? former : nil)
      }
    }
    return restored
  }

  package func purge(_ keys: [MessageKey]) async throws(StoreError) -> [MessageKey: String] {
    let fast = Set(keys.filter { kept[$0].map { undeletable.contains($0.text) } ?? false })
    for key in keys where !fast.contains(key) { try faults.effect("\(title) purge \(key)") { kept[key] = nil } }
    return Dictionary(uniqueKeysWithValues: fast.map { ($0, "it stays") })
  }

  package func watch(_ folders: [FolderName]) async throws(StoreError) -> [FolderName: WatchKind] {
    try faults.step("\(title) watch")
    beforeWatch.take()?(self)
    watched = Set(folders)
    let push: WatchKind = kind == .server ? .idle : .inotify
    return Dictionary(uniqueKeysWithValues: folders.map { ($0, watchFailures[$0] == nil ? push : .poll) })
  }

  package func nextEvents() async throws(StoreError) -> [StoreEvent] { try await events.next() }
}

// MARK: - Within the store

extension SimulatedStore {
  func insert(_ message: SimulatedMessage, in folder: FolderName, key: MessageKey? = nil) -> MessageKey {
    if keepsNoTwins, let twin = self.key(of: message.text, in: folder) { return twin }
    let key = key ?? newKey(folder)
    var message = message
    message.flags = held(message.flags)
    folders[folder]?.messages[key] = message
    touch(key, folder)
    return key
  }

  private func newKey(_ folder: FolderName) -> MessageKey {
    let number = folders[folder]?.nextNumber ?? 1
    folders[folder]?.nextNumber = number + 1
    return kind == .maildir ? .file("\(title)-\(folder)-\(number)") : .uid(UID(integerLiteral: number))
  }

  private func touch(_ key: MessageKey, _ folder: FolderName) {
    guard let modSeq = folders[folder]?.modSeq else { return }
    folders[folder]?.modSeq = modSeq + 1
    folders[folder]?.changed[key] = modSeq + 1
  }

  /// That folders have come or gone.
  package func noticeFolders() { events.post(.foldersChanged) }

  private func notice(_ key: MessageKey, _ folder: FolderName) {
    guard watched?.contains(folder) ?? true else { return }
    pending[folder, default: []].insert(key)
    events.post(.changed(folder))
  }

  private func held(_ flags: FlagSet) -> FlagSet { holdsKeywords ? flags : FlagSet(flags.system) }

  private func place(
    _ keys: [MessageKey], from source: FolderName, to target: FolderName, removing: Bool, taken: Set<MessageKey> = []
  ) throws(StoreError) -> [MessageKey: MessageKey] {
    guard folders[target] != nil else { throw StoreError(.folder, .gone, "\(target) is not there") }
    var placed: [MessageKey: MessageKey] = [:]
    for key in keys {
      guard let message = folders[source]?.messages[key] else { continue }
      try faults.effect("\(title) \(removing ? "move" : "copy") \(key)") {
        if removing {
          folders[source]?.messages[key] = nil
          touch(key, source)
        }
        // A file that is moved keeps its name where that is free.
        let keepsName = removing && kind == .maildir && folders[target]?.messages[key] == nil && !taken.contains(key)
        placed[key] = insert(message, in: target, key: keepsName ? key : nil)
      }
    }
    return placed
  }
}
