package import Mail
package import Ports
import IMAP

/// Hears of changes: by NOTIFY, by IDLE, and by asking now and then, also where a server pushes.
@Loop
final class FolderWatching {
  unowned let store: IMAPStore
  private var experience = WatchPlan.Experience()
  private(set) var kinds: [FolderName: WatchKind] = [:]
  private var watchers: [PooledConnection] = []
  private(set) var notifyStep: NotifyStep?
  private var renewal: Task<Void, Never>?
  /// Those that hold messages, as the engine knows them from the last listing.
  private var names: Set<FolderName>?
  /// Folders that martlet has removed since the watch began; what the server tells of each is still to come.
  private var removed: Set<FolderName> = []
  /// Folders that LIST shows as if they held messages, although their STATUS says that they are not there.
  private var phantoms: Set<FolderName> = []
  private var pollTask: Task<Void, Never>?
  private(set) var isResyncDistrusted = false
  private(set) var pushMisses = 0
  /// Watchers that are about to be asked anew: what overflows until then needs no more (law L12).
  private var overflowed: Set<ObjectIdentifier> = []
  private var notifyMisses = 0

  /// A server that announces NOTIFY and misses so often is watched by IDLE instead.
  static let notifyMissesMax = 3

  init(_ store: IMAPStore) { self.store = store }

  // MARK: Arming

  /// Armed when it returns: what changes from then on is told.
  func arm(_ folders: [FolderName]) async throws(StoreError) -> [FolderName: WatchKind] {
    if keepsWatching(folders) { return kinds }
    stop()
    while true {
      guard let features = store.features else {
        throw StoreError(.account, .unavailable, "\(store.title): not connected")
      }
      kinds = Dictionary(folders.map { ($0, WatchKind.poll) }, uniquingKeysWith: { first, _ in first })
      if try await arm(WatchPlan(folders, features, budget: store.pool.budget, experience)) { break }
    }
    pollTask = Loop.task { [store] in
      await self.poll()
      withExtendedLifetime(store) {}
    }
    return kinds
  }

  /// NOTIFY tells of every folder; another set of them needs nothing new.
  private func keepsWatching(_ folders: [FolderName]) -> Bool {
    guard notifyStep != nil, pollTask != nil, let watcher = watchers.first, watcher.isOpen,
      watcher.watched == folders.first
    else { return false }
    kinds = Dictionary(folders.map { ($0, WatchKind.notify) }, uniquingKeysWith: { first, _ in first })
    return true
  }

  /// False where the plan does not work with this server; then `experience` has changed.
  private func arm(_ plan: WatchPlan) async throws(StoreError) -> Bool {
    switch plan {
    case .notify(let folders):
      guard let (member, folder) = try await watcher(forOneOf: folders) else { return true }
      do {
        experience.isNotifyRefused = try await !setNotify(on: member)
      } catch {
        store.pool.release(member)
        throw error
      }
      guard !experience.isNotifyRefused else {
        store.pool.release(member)
        return false
      }
      guard try await idle(member, on: folder) else { return false }
      for name in kinds.keys { kinds[name] = .notify }
    case .idle(let folders):
      for folder in folders {
        guard let (member, folder) = try await watcher(forOneOf: [folder]) else { continue }
        guard try await idle(member, on: folder) else { return false }
        kinds[folder] = .idle
      }
    case .poll: break
    }
    return true
  }

  /// A connection with the first of the folders selected that can be opened; nil where there is no such, or no
  /// connection to be had.
  private func watcher(
    forOneOf folders: [FolderName]
  ) async throws(StoreError) -> (PooledConnection, FolderName)? {
    for folder in folders {
      guard let member = try await store.pool.leaseWatcher(for: try store.mailboxName(of: folder)) else { return nil }
      do {
        try await store.selectToWatch(folder, on: member)
        return (member, folder)
      } catch {
        store.pool.release(member)
        // One that is not there: the look that follows says so, and here it is polled.
        guard error.scope < .account else { throw error }
      }
    }
    return nil
  }

  private func idle(_ member: PooledConnection, on folder: FolderName) async throws(StoreError) -> Bool {
    // Its end may have been read together with the answer before: then nobody will hear of it any more.
    if let failure = member.connection.failure {
      store.pool.release(member)
      throw failure
    }
    member.watch(folder, try store.mailboxName(of: folder))
    watchers.append(member)
    member.idle(after: .zero)
    store.pool.release(member)
    if try await member.isWatching() { return true }
    experience.isIdleRefused = true
    stop()
    return false
  }

  /// False where the server refuses even the least of it.
  private func setNotify(on member: PooledConnection) async throws(StoreError) -> Bool {
    for step in NotifyStep.allCases {
      let answer = try await member.connection.run(.notify(step.request(withStates: true)))
      if answer.isOK {
        notifyStep = step
        return true
      }
    }
    return false
  }

  /// The watchers are ordinary connections again.
  func stop() {
    pollTask?.cancel()
    pollTask = nil
    renewal?.cancel()
    renewal = nil
    for member in watchers where member.isOpen {
      member.unwatch()
      if notifyStep != nil { store.pool.retire(member) }
    }
    watchers.removeAll()
    removed = []
    notifyStep = nil
    kinds = [:]
  }

  // MARK: Hearing

  /// Untagged data that nobody asked for.
  func heard(_ untagged: Untagged, on member: PooledConnection) {
    switch untagged {
    case .status(let mailbox, let status): heard(status, of: mailbox)
    case .list(let line): heard(line)
    case .ok(let text) where text.code == .notificationOverflow: overflow(member)
    // Dovecot's words for the same, 2.3.
    case .no(let text) where text.code == .notificationOverflow || text.text.hasPrefix("NOTIFY error"): overflow(member)
    case .no(let text) where isWatcher(member) && Quirks.saysInternalError(text.text):
      breakOff("the server said: \(printable(text.text))")
    default: return
    }
  }

  private func heard(_ status: StatusResponse, of mailbox: MailboxName) {
    guard let folder = store.folder(heardAs: mailbox) else { return }
    // A name that only held others holds messages now.
    if let names, !names.contains(folder), !removed.contains(folder) { store.events.post(.foldersChanged) }
    guard let memory = store.memories[folder] else { return }
    store.memories[folder]?.pushes += 1
    guard memory.differs(from: status) else { return }
    somethingChanged()
    hint(status, folder)
  }

  /// Changes make Dovecot (2.3.19) begin a new log of its mailboxes' states, now and then. From there on NOTIFY tells of
  /// those that are not selected up to half a minute late, until it is set anew.
  func somethingChanged() {
    guard notifyStep != nil, renewal == nil else { return }
    renewal = Loop.task { [store] in
      await self.renew()
      withExtendedLifetime(store) {}
    }
  }

  /// What was about to be told went with the old setting: so all states and names are asked for once, beside the watch.
  /// What they say is no miss.
  private func renew() async {
    do { try await store.clock.sleep(for: store.settings.timing.notifyRenewal) } catch { return }
    if let member = watchers.first, await notifyAgain(member), !Task.isCancelled {
      await ask(isSlow: true, countingMisses: false)
    }
    // Put away by whoever has cancelled it; by now there may be another.
    if !Task.isCancelled { renewal = nil }
  }

  private func hint(_ status: StatusResponse, _ folder: FolderName) {
    store.memories[folder]?.toldStatus = status
    store.hint(folder)
  }

  private func heard(_ line: ListResponse) {
    guard let folder = store.folder(heardAs: line.name), let names else { return }
    let isGone = line.attributes.contains(.nonExistent)
    // What we made or removed ourselves comes back as an echo.
    if removed.remove(folder) != nil, isGone { return }
    // Of a folder that was made and at once renamed Dovecot (2.3.19) says at most that the old name is gone.
    if line.oldName != nil || isGone || !names.contains(folder) { store.events.post(.foldersChanged) }
  }

  private func overflow(_ member: PooledConnection) {
    guard notifyStep != nil, isWatcher(member), overflowed.insert(ObjectIdentifier(member)).inserted else { return }
    // The server may have forgotten what it was asked to tell (RFC 5465 §5.8).
    Loop.task { [store] in
      if await self.notifyAgain(member) { store.events.post(.everythingUncertain) }
      withExtendedLifetime(store) {}
    }
  }

  /// NONE goes before: Dovecot puts an old watch away after the new one, which goes with it. False where the watch is
  /// over.
  private func notifyAgain(_ member: PooledConnection) async -> Bool {
    do {
      try await store.pool.lease(member)
      defer { store.pool.release(member) }
      overflowed.remove(ObjectIdentifier(member))
      guard let step = notifyStep, isWatcher(member) else { return false }
      let answers = [Command.notifyNone, .notify(step.request(withStates: false))].map { member.connection.send($0) }
      if try await member.connection.completions(of: answers).allSatisfy(\.isOK) { return isWatcher(member) }
      breakOff("NOTIFY could not be set again")
    } catch {
      overflowed.remove(ObjectIdentifier(member))
      if isWatcher(member) { breakOff(error.text) }
    }
    return false
  }

  func isWatcher(_ member: PooledConnection) -> Bool { watchers.contains { $0 === member } }

  private func breakOff(_ reason: String) {
    store.events.fail(StoreError(.account, .unavailable, "\(store.title): the watch is broken: \(reason)"))
  }

  func connectionEnded(_ member: PooledConnection, _ error: StoreError) {
    guard isWatcher(member) else { return }
    watchers.removeAll { $0 === member }
    store.events.fail(StoreError(.account, error.kind == .cancelled ? .unavailable : error.kind, error.text))
  }

  /// Given up on purpose: its folder is polled from now on.
  func retired(_ member: PooledConnection) {
    guard isWatcher(member) else { return }
    watchers.removeAll { $0 === member }
    if let folder = member.watched { kinds[folder] = .poll }
  }

  /// Another mailbox goes by the folder's name: who watched the old one watches that one now.
  func wasRenumbered(_ folder: FolderName) {
    for member in watchers where member.watched == folder {
      if let mailbox = member.connection.mailbox, !store.isOfNow(mailbox) { member.watchAnew() }
    }
  }

  func namesWereTold(_ names: Set<FolderName>, phantoms: Set<FolderName>) {
    self.names = names
    self.phantoms = phantoms
    removed.subtract(names)
  }

  func wasCreated(_ folder: FolderName) {
    names?.insert(folder)
    removed.remove(folder)
    phantoms.remove(folder)
  }

  func wasRemoved(_ folder: FolderName) {
    names?.remove(folder)
    kinds[folder] = nil
    removed.insert(folder)
  }

  func distrustResync(because gap: String, in folder: FolderName) {
    guard !isResyncDistrusted else { return }
    isResyncDistrusted = true
    store.distrustResync()
    store.settings.notice?(
      folder, "\(store.title): QRESYNC is not believed any more: \(gap); from now on all is listed")
  }

  // MARK: Asking

  private func poll() async {
    var sinceSlow = Duration.zero
    while !Task.isCancelled {
      let timing = store.settings.timing
      let wait = pollInterval
      do { try await store.clock.sleep(until: store.clock.now.advanced(by: wait), tolerance: nil) } catch { return }
      sinceSlow += wait
      let isSlow = sinceSlow >= timing.slowPoll
      if isSlow { sinceSlow = .zero }
      guard await ask(isSlow: isSlow, countingMisses: true) else { return }
      if isSlow { store.pool.trim() }
    }
  }

  /// False where nothing more can be asked.
  @discardableResult
  private func ask(isSlow: Bool, countingMisses: Bool) async -> Bool {
    do throws(StoreError) {
      try await pollOnce(isSlow: isSlow, countingMisses: countingMisses)
    } catch {
      if Task.isCancelled { return false }
      if error.scope == .account {
        store.events.fail(error)
        return false
      }
    }
    return true
  }

  /// IDLE tells nothing of folders, so they are asked for in time to take the place of a renewal: the watcher's IDLE
  /// ends and begins again then, and nobody is woken for the listing alone.
  private var pollInterval: Duration {
    let timing = store.settings.timing
    if kinds.values.contains(.poll) { return min(timing.poll, timing.slowPoll) }
    if notifyStep == .everything { return timing.slowPoll }
    let renewal = min(timing.idleRenewal, IMAPTiming.idleRenewalMax)
    return timing.slowPoll / (Int(timing.slowPoll / renewal) + 1)
  }

  /// The slow poll asks for every folder's state, beside the watchers: what one of these says of its own folder is only
  /// what it was told. In between, the state of all where it comes with the names, else of those without push.
  private func pollOnce(isSlow: Bool, countingMisses: Bool) async throws(StoreError) {
    guard let features = store.features else { return }
    let polled = Set(kinds.filter { $0.value == .poll }.keys)
    let helper = isSlow || !polled.isEmpty ? nil : watchers.first?.watched
    let listing = MailboxListing(features)
    let before = store.memories
    try await store.withConnection(for: helper, .light) { member async throws(StoreError) in
      try await listing.run(on: member.connection, store, statusOf: isSlow ? nil : polled)
    }
    var told = Set(listing.found.filter(\.holdsMessages).map(\.folder))
    // Without their STATUS these look as if they were there.
    if !isSlow, !features.listsStatus { told.subtract(phantoms) }
    if let names, names != told { store.events.post(.foldersChanged) }
    for line in listing.found {
      guard let status = line.status else { continue }
      compare(status, line.folder, before: before[line.folder], countingMisses: countingMisses)
    }
  }

  /// `before` it was asked for: what the asking itself brought to light was no push.
  private func compare(
    _ status: StatusResponse, _ folder: FolderName, before: FolderMemory?, countingMisses: Bool
  ) {
    guard let kind = kinds[folder], let memory = store.memories[folder], memory.differs(from: status) else { return }
    let wasPushed = before.map { !$0.news.isEmpty || $0.pushes != memory.pushes } ?? false
    let isExpected = memory.isAhead || memory.isHinted || wasPushed
    hint(status, folder)
    guard countingMisses, kind != .poll, !isExpected else { return }
    let pushes = memory.pushes
    Loop.task { [store] in
      await self.countMiss(of: folder, kind, unlessMoreThan: pushes)
      withExtendedLifetime(store) {}
    }
  }

  /// A push that has not come in good time is missed.
  private func countMiss(of folder: FolderName, _ kind: WatchKind, unlessMoreThan pushes: Int) async {
    let grace = store.clock.now.advanced(by: store.settings.timing.pushGrace)
    do { try await store.clock.sleep(until: grace, tolerance: nil) } catch { return }
    guard kinds[folder] == kind, let memory = store.memories[folder], memory.pushes == pushes else { return }
    pushMisses += 1
    if pushMisses == 1 {
      let wait = Int(store.settings.timing.slowPoll / .seconds(60))
      store.settings.notice?(
        folder, "\(store.title) did not tell of a change by \(kind.rawValue); asking every \(wait) minutes found it")
    }
    guard kind == .notify else { return }
    notifyMisses += 1
    if notifyMisses >= Self.notifyMissesMax {
      experience.isNotifyRefused = true
      breakOff("NOTIFY did not tell of changes in \(printable("\(folder)")); watching by IDLE instead")
    }
  }
}

extension IMAPStore {
  package func watch(_ folders: [FolderName]) async throws(StoreError) -> [FolderName: WatchKind] {
    try await watching.arm(folders)
  }

  package func nextEvents() async throws(StoreError) -> [StoreEvent] { try await events.next() }
}
