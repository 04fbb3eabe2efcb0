import Mail
package import Ports
package import Reconciliation

/// What every pass of one account works with.
@Loop
package final class AccountContext {
  package let name: String
  package let stores: Sides<any MailStore>
  package let ledger: any Ledger
  package let clock: any LoopClock
  package let mapping: FolderMapping
  package let deletionRules: DeletionRules
  let claims = Claims()
  let directions = DirectionGate()
  let limbo = LimboClaims()
  /// Held while it is found out which messages live on elsewhere, until the base is told of those that went: two folders
  /// that lose the same message at once must not each take the other for its home.
  let trashLock = AsyncLock()
  /// Deletions carried out on each side a moment ago, in all folders.
  var deletions = Sides(near: DeletionMeter(), far: DeletionMeter())
  /// Deletions that are due on each side, and wait.
  var gathered = Sides(near: GatheredDeletions(), far: GatheredDeletions())
  /// The folder pairs in sync.
  let folders = FolderIndex()
  let loneFolders = LoneFolders()
  let untaken = UntakenMessages()
  let recentArrivals = RecentArrivals()
  /// True once this session has made a pass over all of them, and none came or went since that began.
  private(set) var hasSeenAllFolders = false
  /// How often folders were told to have come or gone.
  private(set) var folderChanges = 0
  /// A pass left a folder that is no pair's yet, as one that it made: only a listing of all tells what becomes of it, and
  /// no event asks for one.
  var needsListing = false
  /// Until it is true, what was sent and not answered may be in a folder that is yet to be looked at. Where only some
  /// folders are asked for, it is not looked for in others.
  var hasLookedForStrays = false
  /// Folders with notes of deliveries that were interrupted, while it is looked for these.
  var interrupted: Set<FolderID> = []
  /// When the session that runs first brought, marked or deleted a message.
  private(set) var workedSince: LoopInstant?
  /// The base has changed since the local stores were given an age; the ledger knows, too.
  private var isAgeDue = false
  private let observer: any AccountObserver
  private let drawJitter: @Loop () -> Double

  package init(
    name: String, stores: Sides<any MailStore>, ledger: any Ledger, clock: any LoopClock, mapping: FolderMapping,
    deletionRules: DeletionRules = DeletionRules(), jitter: @escaping @Loop () -> Double = { .random(in: 0..<1) },
    observer: any AccountObserver
  ) {
    self.name = name
    self.stores = stores
    self.ledger = ledger
    self.clock = clock
    self.mapping = mapping
    self.deletionRules = deletionRules
    self.observer = observer
    drawJitter = jitter
  }

  func tell(_ event: AccountEvent) { observer.account(name, event) }

  /// Opens both stores, the local one first: a missing root must be known before anything is concluded (law L8). Where
  /// it is `onlyToLook`, the base stays as it is.
  func open(onlyToLook: Bool = false) async throws(StoreError) {
    try await stores.near.open()
    try await stores.far.open()
    for side in Side.allCases {
      try await recognize(side, onlyToLook: onlyToLook)
      try await StoreAge(context: self, side: side).recognize(onlyToLook: onlyToLook)
    }
    hasSeenAllFolders = false
    hasLookedForStrays = false
    interrupted = []
    for side in Side.allCases { gathered[side].beginAnew() }
    for side in Side.allCases where !deletions[side].isHeld {
      try BrakeMemory(context: self, folder: nil, side: side).recall()
    }
    for folder in folders.all {
      folder.isConfirmed = false
      folder.knownNumbers = []
    }
  }

  func close() async {
    await stores.far.close()
    await stores.near.close()
  }

  /// The session is over.
  func forgetWork() { workedSince = nil }

  /// Until all are looked at again, what is gone from a folder may be on its way to one that is new.
  func foldersDidChange() {
    folderChanges += 1
    hasSeenAllFolders = false
  }

  /// A pass over all folders has ended that began after so many changes.
  func didSeeAllFolders(asOf changes: Int) {
    if changes == folderChanges { hasSeenAllFolders = true }
  }

  /// False where the task was cancelled while it slept.
  func sleep(_ duration: Duration) async -> Bool {
    do {
      try await clock.sleep(for: duration)
      return true
    } catch {
      return false
    }
  }

  /// Asked of the folder itself: a listing that leaves it out is not enough (law L8).
  func isGone(_ folder: FolderName, on side: Side) async throws(StoreError) -> Bool {
    do {
      _ = try await stores[side].look(at: folder, .glance)
      return false
    } catch {
      guard error.kind == .gone else { throw error }
      return true
    }
  }

  /// An account that now points elsewhere has a base that says nothing of the new place. It is forgotten, as if it had
  /// been lost, and the messages are matched anew (law L8).
  private func recognize(_ side: Side, onlyToLook: Bool) async throws(StoreError) {
    let fact = "\(side) place"
    let place = stores[side].place
    let known = try self.fact(fact)
    guard known != place else { return }
    if onlyToLook {
      guard let known else { return }
      throw StoreError(
        .account, .needsPerson,
        "\(name): the \(side) side was \(printable(known)) and is \(printable(place)) now: a sync would forget what it "
          + "knows of the old place and match every message anew; what comes of that a dry run cannot tell")
    }
    if known != nil {
      for folder in try withLedger({ ledger throws(LedgerError) in try ledger.folders() }) {
        try await forget(folder.id)
      }
      // What was kept aside lies in the old place.
      if side == .near {
        let kept = try withLedger { ledger throws(LedgerError) in try ledger.limbo(before: nil) }
        try commit(kept.map { .removeLimbo($0.key) })
      }
      folders.removeAll()
    }
    // Last: a restart in between forgets the rest.
    try setFact(fact, to: place)
  }

  /// True where the message is in another folder that takes part, on both sides, as after a move there.
  func hasPlace(for message: MessageDigest, besides folder: FolderID) throws(StoreError) -> Bool {
    try withLedger { ledger throws(LedgerError) in
      try ledger.records(digest: message).contains { $0.folder != folder && folders[$0.folder] != nil }
    }
  }

  /// Folders with deletions that wait for a calm, and how long it is until then.
  var foldersInWaiting: Set<FolderID> { Set(gathered.near.waiting + gathered.far.waiting) }
  var restOfGathering: Duration { max(gathered.near.rest(at: clock.now), gathered.far.rest(at: clock.now)) }

  func forgetWaitingDeletions(in folder: FolderID) {
    for side in Side.allCases { gathered[side].forgetWaiting(in: folder) }
  }

  /// Writes nothing where there is no such fact.
  func forgetFact(_ name: String) throws(StoreError) {
    if try fact(name) != nil { try setFact(name, to: nil) }
  }

  func fact(_ name: String) throws(StoreError) -> String? {
    try withLedger { ledger throws(LedgerError) in try ledger.fact(name) }
  }

  /// Durable when it returns.
  func setFact(_ name: String, to value: String?) throws(StoreError) {
    try withLedger { ledger throws(LedgerError) in try ledger.setFact(name, to: value) }
  }

  /// What is remembered of a folder that is one no more.
  func forgetMemories(of folder: FolderID) throws(StoreError) {
    try FolderMount.forget(folder, self)
    try StoreAge.forget(folder, self)
    try HeldMemory.forget(folder, self)
    try Disposal.forgetHalfMoved(folder, self)
    for side in Side.allCases {
      gathered[side].forget(folder)
      try BrakeMemory.forget(folder, side, self)
    }
  }

  /// Pairs that are read or removed in one go; then others get their turn on the loop.
  static let pairsAtOnce = 500

  /// What the base has of these pairs, in their order, without those that it knows no more.
  func records(of pairs: some Collection<PairID>) async throws(StoreError) -> [PairRecord] {
    var records: [PairRecord] = []
    for portion in Array(pairs).portions(of: Self.pairsAtOnce) {
      try withLedger { ledger throws(LedgerError) in
        for pair in portion { if let record = try ledger.record(of: pair) { records.append(record) } }
      }
      await Task.yield()
    }
    return records
  }

  /// Forgets a folder that neither side has. A stop in between leaves a folder with fewer pairs, which the next
  /// discovery forgets; or matches anew, where it takes part again: that it did not change says nothing then (law L3).
  func forget(_ folder: FolderID) async throws(StoreError) {
    folders.remove(folder)
    try forgetMemories(of: folder)
    let row = try withLedger { ledger throws(LedgerError) in try ledger.folders() }.first { $0.id == folder }
    if let row, row.checkpoints != Sides(near: nil, far: nil) {
      try commitDurably(Side.allCases.map { .setCheckpoint(folder, $0, row.checkpoints[$0]?.void) })
    }
    while try withLedger({ ledger throws(LedgerError) in
      try ledger.removePairs(in: folder, limit: Self.pairsAtOnce)
    }) { await Task.yield() }
    try withLedger { ledger throws(LedgerError) in try ledger.removeFolder(folder) }
  }

  /// The same, after whoever works on it.
  func forgetUnderLock(_ folder: FolderID) async throws(StoreError) {
    let lock = folders[folder]?.lock
    await lock?.acquire()
    defer { lock?.release() }
    try await forget(folder)
  }

  /// True where the base has a pair of this folder with the key on this side.
  func hasPair(_ key: MessageKey, on side: Side, in folder: FolderID) throws(StoreError) -> Bool {
    try withLedger { ledger throws(LedgerError) in try !ledger.pairs(in: folder, side: side, keys: [key]).isEmpty }
  }

  /// Of these keys, those that pairs of the folder have on this side.
  func partnered(_ keys: Set<MessageKey>, on side: Side, in folder: FolderID) throws(StoreError) -> Set<MessageKey> {
    try withLedger { ledger throws(LedgerError) in
      Set(try ledger.pairs(in: folder, side: side, keys: keys).map { $0[side].key })
    }
  }

  /// A ledger that fails stops the account: without a base nothing may be concluded (law L4).
  func withLedger<Value>(_ body: (any Ledger) throws(LedgerError) -> Value) throws(StoreError) -> Value {
    do {
      return try body(ledger)
    } catch {
      throw StoreError(.account, error.storeKind, "the ledger: \(error.text)")
    }
  }

  func commit(_ changes: [LedgerChange]) throws(StoreError) {
    guard !changes.isEmpty else { return }
    try noteAgeDue(for: changes)
    try withLedger { ledger throws(LedgerError) in try ledger.commit(changes) }
    note(changes)
  }

  /// For what was taken from a side, or moved there, and only for that: it costs a barrier. Did a power cut take it from
  /// the base, then what martlet did itself would look like somebody's deletion, and one who put the message back in its
  /// old place would lose it (law L1).
  func commitDurably(_ changes: [LedgerChange]) throws(StoreError) {
    guard !changes.isEmpty else { return }
    try noteAgeDue(for: changes)
    try withLedger { ledger throws(LedgerError) in try ledger.commitDurably(changes) }
    note(changes)
  }

  private func note(_ changes: [LedgerChange]) {
    recentArrivals.note(changes, at: clock.now)
    if workedSince == nil, changes.contains(where: \.isOfAPair) { workedSince = clock.now }
  }

  /// An older copy of a local store, put back later, is to be told from the one of which the base is now.
  func leaveAge() async throws(StoreError) {
    let known = try fact(Self.ageDue)
    guard isAgeDue || known != nil else { return }
    // What changes meanwhile makes the next one due.
    isAgeDue = false
    do throws(StoreError) {
      for side in Side.allCases { try await StoreAge(context: self, side: side).renew() }
    } catch {
      isAgeDue = true
      throw error
    }
    if !isAgeDue { try forgetFact(Self.ageDue) }
  }

  /// Before the base changes: whoever dies then leaves the age to the next session.
  private func noteAgeDue(for changes: [LedgerChange]) throws(StoreError) {
    guard !isAgeDue, Side.allCases.contains(where: { stores[$0].isLocal }), changes.contains(where: \.isOfAPair)
    else { return }
    try setFact(Self.ageDue, to: "due")
    isAgeDue = true
  }

  private static let ageDue = "age"

  /// From 0..<1, so that many clients do not come back together.
  var jitter: Double { drawJitter() }

  /// Seconds since 1970, for dates in the ledger.
  var wallSeconds: Int64 { clock.wallTime.seconds }
}
