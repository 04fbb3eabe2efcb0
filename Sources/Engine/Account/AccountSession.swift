import Mail
import Ports
import Reconciliation

/// One stretch of an account's life, from opening both stores until something breaks: arm the watches, make a full
/// pass, then look where the events point.
@Loop
final class AccountSession {
  /// A full pass under every watch: finds what no event told, and retries what was set aside.
  static let fullPassInterval: Duration = .seconds(900)
  /// How often local folders that cannot be watched are looked at.
  static let localPollInterval: Duration = .seconds(30)

  private enum Message: Sendable {
    case events(Side, [StoreEvent])
    case broken(StoreError)
    case passEnded(PassRunner.Outcome)
    case tick
    case fullPassDue
    /// What could not be made or removed before is tried again.
    case listingDue
    /// Something came to a folder that only one side has.
    case loneNewsDue
    case localPollDue
    /// No more deletions came, for as long as it was waited for that.
    case calmDue
    /// What passes left to later ones has waited long enough.
    case postponedDue
    case requested(FullPassRequest)
    case fullPassEnded(FullPass.Outcome)
  }

  private let context: AccountContext
  private let inbox = Inbox<Message>()
  private let fullPassLock = AsyncLock()
  private var agenda = Agenda()
  let watches: AccountWatches
  let failures = FolderFailures()
  /// When the tasks that sleep for the agenda will wake.
  private var wakes: Set<LoopInstant> = []
  private var isFullPassQueued = false
  private var isCalmAwaited = false
  private var isLocalPollPlanned = false
  private var listing = PacedRetry(.folder)
  private var loneNews = PacedRetry(.folder)
  private var postponed = PacedRetry(.postponed)
  /// Nobody serves requests any more.
  private var isOver = false
  /// Why whoever still waits for a full pass gets none.
  private var ending = AccountSession.stopped
  private static let stopped = StoreError(.account, .cancelled, "the account's session ended")
  private let onPhase: @Loop (AccountPhase) -> Void
  private let onFullPass: @Loop (FullPass.Outcome) -> Void

  init(
    context: AccountContext, onPhase: @escaping @Loop (AccountPhase) -> Void,
    onFullPass: @escaping @Loop (FullPass.Outcome) -> Void
  ) {
    self.context = context
    watches = AccountWatches(context)
    self.onPhase = onPhase
    self.onFullPass = onFullPass
  }

  /// Runs until cancelled (returns) or broken (throws). Whoever waits for a full pass is answered either way.
  func run() async throws(StoreError) {
    do {
      try await live()
      end()
    } catch {
      ending = error
      end()
      throw error
    }
  }

  private func live() async throws(StoreError) {
    onPhase(.connecting)
    try await context.open()
    let discovered = try await FolderDiscovery(context: context, options: PassOptions()).run()
    try await watches.arm(discovered.folders)
    let broken = await withDiscardingTaskGroup { group in
      for side in Side.allCases { group.addTask { await self.pump(side) } }
      group.addTask { await self.keepTime() }
      queueFullPass(&group)
      let error = await serve(&group)
      if let error { ending = error }
      group.cancelAll()
      return error
    }
    if let broken { throw broken }
  }

  private func end() {
    isOver = true
    for case .requested(let request) in inbox.drain() { request.answer(.failure(ending)) }
  }

  /// Asks for a full pass; the answer comes through the request.
  func request(_ request: FullPassRequest) {
    if isOver { request.answer(.failure(ending)) } else { inbox.post(.requested(request)) }
  }

  /// A full pass soon, without an answer.
  func requestFullPass() { inbox.post(.fullPassDue) }

  // MARK: Watching

  private func pump(_ side: Side) async {
    do {
      while !Task.isCancelled {
        inbox.post(.events(side, try await context.stores[side].nextEvents()))
      }
    } catch {
      if !Task.isCancelled { inbox.post(.broken(error)) }
    }
  }

  private func keepTime() async {
    while await context.sleep(Self.fullPassInterval) { inbox.post(.fullPassDue) }
  }

  /// Asks the server nothing, unless what comes and goes here is not told either.
  private func pollLocally(_ group: inout DiscardingTaskGroup) -> [Agenda.Event] {
    isLocalPollPlanned = false
    if context.stores.near.treeWatchFailure != nil {
      queueFullPass(&group)
      return []
    }
    planLocalPoll(&group)
    group.addTask { await self.watchAgain() }
    return watches.unwatchedHere.compactMap { context.folders[.near, $0] }.map { .uncertain($0.id, [.near]) }
  }

  private func planLocalPoll(_ group: inout DiscardingTaskGroup) {
    guard !isLocalPollPlanned, !watches.unwatchedHere.isEmpty else { return }
    isLocalPollPlanned = true
    post(.localPollDue, after: Self.localPollInterval, &group)
  }

  /// A full pass that is under way does so itself.
  private func watchAgain() async {
    guard !fullPassLock.isHeld else { return }
    await fullPassLock.acquire()
    defer { fullPassLock.release() }
    do { try await armAgain() } catch { inbox.post(.broken(error)) }
  }

  private func armAgain() async throws(StoreError) {
    let watched = try await watches.armAgain()
    if !watched.isEmpty { inbox.post(.events(.near, watched.map { .uncertain($0) })) }
  }

  // MARK: Serving

  private func serve(_ group: inout DiscardingTaskGroup) async -> StoreError? {
    while !Task.isCancelled {
      var events: [Agenda.Event] = []
      let messages = await inbox.next()
      for (index, message) in messages.enumerated() {
        switch message {
        case .events(let side, let told): events += agendaEvents(told, side, &group)
        case .broken(let error):
          // Whoever asked in the same breath is answered as those are who come later.
          for case .requested(let request) in messages[index...] { request.answer(.failure(error)) }
          return error
        case .passEnded(let outcome):
          events += ended(outcome.folders, outcome.failures) + heldEvents(after: outcome.report)
          listAgain(&group)
          awaitCalm(&group)
          awaitPostponed(&group)
          if outcome.report.hasFoldersLeft { retryFolders(outcome.report, &group) }
        case .calmDue: events += calmEvents(&group)
        case .postponedDue:
          postponed.begin()
          events += takePostponed()
        case .tick: events.append(.tick)
        case .fullPassDue: queueFullPass(&group)
        case .listingDue:
          listing.begin()
          queueFullPass(&group)
        case .loneNewsDue:
          loneNews.begin()
          queueFullPass(&group)
        case .localPollDue: events += pollLocally(&group)
        case .requested(let request): group.addTask { await self.fullPass(request) }
        case .fullPassEnded(let outcome):
          events += fullPassEnded(outcome)
          listAgain(&group)
          awaitCalm(&group)
          retryFolders(outcome.report, &group)
          planLocalPoll(&group)
        }
      }
      for effect in agenda.handle(events, at: context.clock.now, jitter: context.jitter) {
        carryOut(effect, &group)
      }
    }
    return nil
  }

  /// Nothing where there is no time for it.
  private func post(_ message: Message, after wait: Duration?, _ group: inout DiscardingTaskGroup) {
    guard let wait else { return }
    group.addTask {
      if await self.context.sleep(wait) { await self.inbox.post(message) }
    }
  }

  private func agendaEvents(_ told: [StoreEvent], _ side: Side, _ group: inout DiscardingTaskGroup) -> [Agenda.Event] {
    told.flatMap { event -> [Agenda.Event] in
      switch event {
      case .changed(let name): return folder(name, side, &group).map { [.changed($0.id, side)] } ?? []
      case .uncertain(let name): return folder(name, side, &group).map { [.uncertain($0.id, [side])] } ?? []
      case .foldersChanged:
        lookAtAllFolders(&group)
        return []
      case .everythingUncertain:
        lookAtAllFolders(&group)
        return context.folders.all.filter { !context.loneFolders.include($0) }.map { .uncertain($0.id, [side]) }
      }
    }
  }

  /// Nil for one that only one side has: passes over it fail, and what comes to it is for discoveries. These look into it,
  /// of which some servers tell news again: so there are ever fewer, as long as there is such a folder.
  private func folder(_ name: FolderName, _ side: Side, _ group: inout DiscardingTaskGroup) -> SyncedFolder? {
    guard let folder = context.folders[side, name], context.loneFolders.include(folder) else {
      return context.folders[side, name]
    }
    post(.loneNewsDue, after: loneNews.plan(jitter: context.jitter), &group)
    return nil
  }

  /// Until it has, what is gone from a folder may be on its way to one that is new: no event deletes it (laws L1, L3).
  private func lookAtAllFolders(_ group: inout DiscardingTaskGroup) {
    context.foldersDidChange()
    queueFullPass(&group)
  }

  private func carryOut(_ effect: Agenda.Effect, _ group: inout DiscardingTaskGroup) {
    switch effect {
    case .pass(let folders): group.addTask { await self.pass(folders) }
    case .wake(let instant):
      guard wakes.insert(instant).inserted else { return }
      group.addTask { await self.wake(at: instant) }
    }
  }

  private func wake(at instant: LoopInstant) async {
    guard await context.sleep(context.clock.now.duration(to: instant)) else { return }
    wakes.remove(instant)
    inbox.post(.tick)
  }

  // MARK: Passes

  private func pass(_ folders: [FolderID]) async {
    let requests = folders.compactMap { id -> PassRunner.Request? in
      let widths = agenda.begin(id)
      guard let folder = context.folders[id] else { return nil }
      return PassRunner.Request(
        folder: folder,
        scopes: Sides(near: folder.scope(.near, widths.near), far: folder.scope(.far, widths.far)))
    }
    // One that is done may begin its next pass, however long the others take.
    let runner = PassRunner(context: context, options: PassOptions(), listing: nil) { [inbox] outcome in
      inbox.post(.passEnded(outcome))
    }
    do {
      var outcome = try await runner.run(requests)
      outcome.folders += folders.filter { id in !requests.contains { $0.folder.id == id } }
      if !outcome.folders.isEmpty { inbox.post(.passEnded(outcome)) }
    } catch {
      inbox.post(.broken(error))
    }
  }

  /// Deletions that wait are judged by a look at their whole folders, when no more of them come (law L9).
  private func awaitCalm(_ group: inout DiscardingTaskGroup) {
    guard !isCalmAwaited, !context.foldersInWaiting.isEmpty else { return }
    isCalmAwaited = true
    // Where it is calm already, a pass is under way.
    let rest = context.restOfGathering
    post(.calmDue, after: rest == .zero ? GatheredDeletions.calm : rest, &group)
  }

  private func calmEvents(_ group: inout DiscardingTaskGroup) -> [Agenda.Event] {
    isCalmAwaited = false
    guard context.restOfGathering == .zero else {
      awaitCalm(&group)
      return []
    }
    return context.foldersInWaiting.sorted().map { .uncertain($0, Set(Side.allCases)) }
  }

  /// What came to a folder may be what is held in another one: then it was moved, and its old place is told first by some
  /// servers.
  private func heldEvents(after report: PassReport) -> [Agenda.Event] {
    let hasBrought = Side.allCases.contains { side in
      let counts = report.counts[side]
      return counts.delivered + counts.copied + counts.moved > 0
    }
    guard hasBrought else { return [] }
    return context.folders.all.filter { !$0.held.isEmpty }.map { .uncertain($0.id, Set(Side.allCases)) }
  }

  private func ended(_ folders: [FolderID], _ failed: [FolderID: StoreError]) -> [Agenda.Event] {
    failures.note(failed, of: folders, in: context)
    return folders.map { .passEnded($0, failed: failed[$0] != nil) }
  }

  // MARK: Full passes

  private func queueFullPass(_ group: inout DiscardingTaskGroup) {
    guard !isFullPassQueued else { return }
    isFullPassQueued = true
    group.addTask { await self.fullPass(FullPassRequest(options: PassOptions(), names: nil) { _ in }) }
  }

  private func fullPass(_ request: FullPassRequest) async {
    await fullPassLock.acquire()
    defer { fullPassLock.release() }
    isFullPassQueued = false
    guard !Task.isCancelled else { return request.answer(.failure(ending)) }
    onPhase(.syncing)
    do {
      let outcome = try await FullPass(context: context, options: request.options, names: request.names).run()
      if request.names == nil, !request.options.isDryRun { watches.forget(besides: outcome.folders) }
      let unwatched = outcome.folders.filter { !watches.cover($0) }
      if !unwatched.isEmpty, !request.options.isDryRun {
        try await watches.arm(outcome.folders)
        // They were looked at before they were watched: what came in between has had no event.
        for side in Side.allCases { inbox.post(.events(side, unwatched.map { .uncertain($0.names[side]) })) }
      } else if !request.options.isDryRun {
        try await armAgain()
      }
      onPhase(.watching)
      // A dry run has looked, and settled nothing.
      if !request.options.isDryRun {
        if request.names == nil { onFullPass(outcome) }
        inbox.post(.fullPassEnded(outcome))
      }
      request.answer(.success(outcome))
    } catch {
      request.answer(.failure(error))
      inbox.post(.broken(error))
    }
  }

  private func fullPassEnded(_ outcome: FullPass.Outcome) -> [Agenda.Event] {
    failures.note(outcome.failures, of: outcome.wanted, in: context)
    let there = Set(context.folders.all.map(\.id))
    agenda.keepOnly(Set(context.folders.all.filter { !context.loneFolders.include($0) }.map(\.id)))
    failures.keepOnly(there)
    if !context.folders.all.contains(where: context.loneFolders.include) { loneNews.succeeded() }
    // A folder that failed is tried again by itself; the others' agenda is their own.
    return outcome.failures.keys.map { .passEnded($0, failed: true) } + takePostponed()
  }

  private func listAgain(_ group: inout DiscardingTaskGroup) {
    guard context.needsListing else { return }
    context.needsListing = false
    queueFullPass(&group)
  }

  /// What could not be made or removed is tried again before the next poll, ever more seldom (law L11).
  private func retryFolders(_ report: PassReport, _ group: inout DiscardingTaskGroup) {
    guard report.hasFoldersLeft else { return listing.succeeded() }
    post(.listingDue, after: listing.plan(jitter: context.jitter), &group)
  }

  /// No event tells of what an event's pass has left to a later one. Where each one leaves it to the next, they rest ever
  /// longer between.
  private func awaitPostponed(_ group: inout DiscardingTaskGroup) {
    guard context.hasSeenAllFolders else { return }
    guard context.folders.all.contains(where: \.hasPostponedDeletions) else { return postponed.succeeded() }
    post(.postponedDue, after: postponed.plan(jitter: context.jitter), &group)
  }

  /// What passes left undone until all folders had been looked at. This one may have done it, or looked before.
  private func takePostponed() -> [Agenda.Event] {
    guard context.hasSeenAllFolders else { return [] }
    return context.folders.all.filter(\.hasPostponedDeletions).map { folder in
      folder.hasPostponedDeletions = false
      return .uncertain(folder.id, Set(Side.allCases))
    }
  }
}
