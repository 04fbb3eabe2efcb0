package import Ports
import IMAP
import Mail
import Reconciliation

/// An IMAP server as a `MailStore`.
///
///     IMAPStore ──► ConnectionPool ──► IMAPConnection ──► IMAP.Session
///         │              who may use which connection       bytes and commands
///         └─► FolderMemory: what was looked at, and what was heard unasked since
///
/// Whatever a connection hears of a mailbox goes to that folder's memory and is told as an event; a look takes it from
/// there. Nothing is concluded from silence: a listing that was not complete says so.
@Loop
package final class IMAPStore: MailStore {
  /// What was told with the login is asked for anew when it is older than this.
  private static let openingListingAgeMax: Duration = .seconds(1)
  /// How long an EXPUNGE is waited for after its message was marked.
  private static let expungeDelay: Duration = .milliseconds(10)

  package nonisolated let settings: IMAPSettings
  let clock: any LoopClock
  let events = StoreEventQueue()
  let expungeLocks = ExpungeLocks()
  private let dialer: any Dialer
  private(set) var pool: ConnectionPool
  private(set) var features: ServerFeatures?
  var memories: [FolderName: FolderMemory] = [:]
  package internal(set) var leftOut: [String: String] = [:]
  var formerNumberings = FormerNumberings()
  private(set) lazy var watching = FolderWatching(self)
  /// What came with the login, and when.
  private var openingListing: (listing: MailboxListing, at: LoopInstant)?

  package init(settings: IMAPSettings, dialer: any Dialer, clock: any LoopClock) {
    self.settings = settings
    self.dialer = dialer
    self.clock = clock
    pool = Self.closedPool(settings, clock)
  }

  package nonisolated var title: String { settings.title }
  package nonisolated var place: String { settings.place }
  package nonisolated var isLocal: Bool { false }

  // MARK: Opening

  package func open() async throws(StoreError) {
    await shutDown(StoreError(.account, .cancelled, "\(title): reconnecting"))
    events.reset()
    for folder in memories.keys { memories[folder]?.connectionsWereLost() }
    let pool = ConnectionPool(budget: settings.maxConnections, clock: clock, timing: settings.timing) {
      [unowned self] number async throws(LoginFailure) in try await connect(number)
    }
    pool.returned = { [unowned self] in absorb($0) }
    self.pool = pool
    let member = try await pool.lease(for: nil, .light)
    pool.release(member)
  }

  package func close() async {
    await shutDown(StoreError(.account, .cancelled, "\(title): closed"))
    events.fail(StoreError(.account, .cancelled, "\(title): closed"))
  }

  /// After a suspend or a change of network: finds out which connections are dead, without waiting for their
  /// deadlines. A dead one that watches ends the watch, and `nextEvents()` says so.
  package func checkConnections() {
    for member in pool.members where member.isOpen {
      let connection = member.connection
      if member.isLeased {
        Loop.task { [timing = settings.timing] in
          // What comes of it shows in the connection.
          do { _ = try await connection.probe(within: timing.probe) } catch {}
        }
      } else {
        Loop.task { await self.probe(member) }
      }
    }
  }

  /// What was told with the login is no longer true, by our own hand.
  func forgetOpeningListing() { openingListing = nil }

  /// The folders as they were told with the login a moment ago; once.
  func takeOpeningListing() -> MailboxListing? {
    defer { openingListing = nil }
    guard let (listing, at) = openingListing, at.duration(to: clock.now) < Self.openingListingAgeMax else { return nil }
    return listing
  }

  /// How often a poll found what push should have told.
  package var pushMisses: Int { watching.pushMisses }

  private func probe(_ member: PooledConnection) async {
    guard member.isOpen, !member.isLeased else { return }
    member.isLeased = true
    member.stopIdling()
    // What comes of it shows in the connection.
    do { _ = try await member.connection.probe(within: settings.timing.probe) } catch {}
    pool.release(member)
  }

  private func shutDown(_ reason: StoreError) async {
    watching.stop()
    await pool.close(reason)
  }

  private static func closedPool(_ settings: IMAPSettings, _ clock: any LoopClock) -> ConnectionPool {
    ConnectionPool(budget: 1, clock: clock, timing: settings.timing) { _ async throws(LoginFailure) in
      throw LoginFailure(StoreError(.account, .unavailable, "\(settings.title): not connected"))
    }
  }

  private func connect(_ number: Int) async throws(LoginFailure) -> PooledConnection {
    let stream: any ByteStream
    do {
      stream = try await dialer.dial(settings.endpoint)
    } catch {
      throw LoginFailure(StoreError(streamError: error, settings.endpoint.hostTitle))
    }
    let connection = IMAPConnection(
      stream, to: settings.endpoint, clock: clock, timing: settings.timing, trace: connectionTrace(number))
    connection.start()
    let login: LoginSequence.Outcome
    do {
      login = try await LoginSequence(
        connection: connection, settings: settings, naming: self.features?.naming,
        wantsFolders: number == ConnectionPool.firstNumber && !watching.isResyncDistrusted
      ).run()
    } catch {
      connection.close()
      throw error
    }
    features = watching.isResyncDistrusted ? login.features.demoted : login.features
    openingListing = login.folders.map { ($0, clock.now) }
    let member = PooledConnection(number: number, connection, login.features, clock: clock)
    member.selectedAgain = { [weak self] in self?.hint($0) }
    connection.hooks = IMAPConnection.Hooks(
      heard: { [weak self, weak member] in if let member { self?.heard($0, on: member) } },
      batchEnded: { [weak self, weak member] in if let member { self?.absorb(member) } },
      ended: { [weak self, weak member] in if let member { self?.ended(member, $0) } })
    return member
  }

  // MARK: What connections tell

  private func ended(_ member: PooledConnection, _ error: StoreError) {
    member.connectionEnded(error)
    pool.ended(member)
    watching.connectionEnded(member, error)
  }

  /// Untagged data that no command asked for, and that is not about the selected mailbox.
  private func heard(_ untagged: Untagged, on member: PooledConnection) { watching.heard(untagged, on: member) }

  /// Takes over what a connection has heard. While it works for somebody, that one comes first.
  private func absorb(_ member: PooledConnection) {
    let watched = member.watchedMailbox
    for mailbox in member.connection.takeLeft() {
      remember(mailbox.news, of: mailbox, isPush: mailbox.name == watched)
    }
    guard !member.isLeased, let mailbox = member.connection.mailbox, !mailbox.news.isEmpty else { return }
    remember(member.connection.takeNews(), of: mailbox, isPush: mailbox.name == watched)
  }

  /// `isPush` where it came by the watch, and not because something else was asked for.
  private func remember(_ news: MailboxNews, of mailbox: MailboxState, isPush: Bool) {
    guard let folder = folder(named: mailbox.name) else { return }
    memories[folder, default: newMemory(of: folder, mailbox.name)].news.merge(isOfNow(mailbox) ? news : .uncertain)
    if isPush { memories[folder]?.pushes += 1 }
    watching.somethingChanged()
    if news.isMarkingDeletedOnly { tellUnlessExpunged(folder) } else { tell(folder) }
  }

  /// False where another mailbox goes by this name by now: what a connection still hears of the old one says nothing of
  /// the messages of this one (law L8).
  func isOfNow(_ mailbox: MailboxState) -> Bool {
    guard let folder = folder(named: mailbox.name), let known = numbering(of: folder) else { return true }
    return mailbox.uidValidity == known
  }

  /// Who marks a message \Deleted mostly expunges it at once: waiting for that makes one change out of two.
  private func tellUnlessExpunged(_ folder: FolderName) {
    Loop.task { [weak self, clock] in
      do { try await clock.sleep(for: Self.expungeDelay) } catch { return }
      guard let self, memories[folder]?.news.isEmpty == false else { return }
      tell(folder)
    }
  }

  /// Says that there is something to look at.
  func tell(_ folder: FolderName) {
    guard let memory = memories[folder] else { return }
    events.post(memory.isAnchored && !memory.news.isUncertain ? .changed(folder) : .uncertain(folder))
  }

  /// Something changed in the folder; what, a wide look tells.
  func hint(_ folder: FolderName) {
    guard memories[folder] != nil else { return }
    memories[folder]?.isHinted = true
    tell(folder)
  }

  /// The server's modification sequences were seen to be wrong: from now on everything is listed.
  func distrustResync() { features = features?.demoted }

  // MARK: Names

  func folder(named mailbox: MailboxName) -> FolderName? { features?.naming.folderName(for: mailbox) }

  /// The folder that NOTIFY speaks of. Dovecot (2.3.19, seen 2026-11) tells its names in UTF-8, where LIST has mUTF-7.
  func folder(heardAs mailbox: MailboxName) -> FolderName? {
    guard let naming = features?.naming else { return nil }
    guard mailbox.bytes.contains(where: { $0 >= 0x80 || $0 == UInt8(ascii: "&") }) else {
      return naming.folderName(for: mailbox)
    }
    let meant = naming.mailbox(meantBy: mailbox) { name in memories.values.contains { $0.mailbox == name } }
    return naming.folderName(for: meant)
  }

  func mailboxName(of folder: FolderName) throws(StoreError) -> MailboxName {
    if let known = memories[folder]?.mailbox { return known }
    guard let features else { throw StoreError(.account, .unavailable, "\(title): not connected") }
    guard let name = features.naming.mailboxName(for: folder) else {
      throw StoreError(.folder, .refused, "\(title) cannot have a folder called \(printable("\(folder)"))")
    }
    return name
  }

  func note(_ folder: FolderName, _ body: (inout FolderMemory) -> Void) throws(StoreError) {
    let mailbox = try mailboxName(of: folder)
    body(&memories[folder, default: newMemory(of: folder, mailbox)])
  }

  // MARK: Working

  /// Does a piece of work on a connection that nobody else uses meanwhile.
  func withConnection<Value>(
    for folder: FolderName?, _ weight: WorkWeight, _ body: (PooledConnection) async throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    let mailbox: MailboxName? = if let folder { try mailboxName(of: folder) } else { nil }
    let member = try await pool.lease(for: mailbox, weight)
    defer { pool.release(member) }
    return try await body(member)
  }

  /// The same with the folder selected under the numbering that the engine knows. What is dangerous waits for this.
  func withSelected<Value>(
    _ folder: FolderName, _ weight: WorkWeight, seeing wanted: WantedView = .latest,
    under numbering: UIDValidity? = nil,
    _ body: (IMAPConnection) async throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    // The caller's numbers are those of now; while it waits for a connection, a look may learn of others.
    let numbering = numbering ?? self.numbering(of: folder)
    return try await withConnection(for: folder, weight) { member async throws(StoreError) in
      try await select(folder, on: member, seeing: wanted, under: numbering)
      return try await body(member.connection)
    }
  }

  func selectAnew(
    _ folder: FolderName, _ name: MailboxName, on connection: IMAPConnection
  ) async throws(StoreError) {
    let parameter: SelectParameter = features?.plainSelect ?? .none
    let answer = try await connection.run(.select(name, readOnly: false, parameter))
    guard answer.isOK else { throw refusal(answer, "opening \(printable("\(folder)"))", .folder) }
  }

  /// Those of `uids` that a view of the mailbox just opened does not hold: the strongest word on absence that there is.
  func confirmGone(
    _ uids: UIDSet, on connection: IMAPConnection, in folder: FolderName
  ) async throws(StoreError) -> UIDSet {
    guard !uids.isEmpty else { return uids }
    let before = connection.mailbox?.uidValidity
    // What happened since this connection was last told is not told any more.
    hint(folder)
    try await selectAnew(folder, try mailboxName(of: folder), on: connection)
    // Whoever goes on would speak of another mailbox's messages.
    try requireNumbering(before, connection.mailbox?.uidValidity, of: folder)
    guard connection.mailbox?.uidValidity == numbering(of: folder) else { return UIDSet() }
    let there = try await search(uids, on: connection, in: folder)
    return UIDSet(uids.filter { !there.contains($0) })
  }

  /// Returns with the folder selected for changes, and its UIDVALIDITY the given or else the known one.
  func select(
    _ folder: FolderName, on member: PooledConnection, seeing wanted: WantedView = .latest,
    under numbering: UIDValidity? = nil
  ) async throws(StoreError) {
    let known = numbering ?? self.numbering(of: folder)
    let mailbox = try await selectUnder(known, folder, on: member, seeing: wanted)
    try requireNumbering(known, mailbox.uidValidity, of: folder)
  }

  private func requireNumbering(
    _ known: UIDValidity?, _ now: UIDValidity?, of folder: FolderName
  ) throws(StoreError) {
    guard let known, now != known else { return }
    events.post(.uncertain(folder))
    throw StoreError(
      .folder, .refused,
      "\(printable("\(folder)")): UIDVALIDITY changed from \(known) to \(now.map { "\($0)" } ?? "none"); "
        + "matching anew, nothing is deleted")
  }

  /// What was told of the folder is of another numbering than the known one: that is looked at soon.
  func check(_ validity: UIDValidity, of folder: FolderName) throws(StoreError) {
    guard let known = numbering(of: folder), known != validity else { return }
    events.post(.uncertain(folder))
    throw StoreError(
      .folder, .refused, "\(printable("\(folder)")): UIDVALIDITY changed from \(known) to \(validity); matching anew")
  }

  /// Returns with the folder selected under whichever numbering it has. That is enough to watch it: until a look has
  /// learned of another one, what is told is no more than a reason to look.
  func selectToWatch(_ folder: FolderName, on member: PooledConnection) async throws(StoreError) {
    _ = try await selectUnder(numbering(of: folder), folder, on: member, seeing: nil)
  }

  /// Nothing is `wanted` for a watch: what the view lacks is told, sooner or later.
  private func selectUnder(
    _ known: UIDValidity?, _ folder: FolderName, on member: PooledConnection, seeing wanted: WantedView?
  ) async throws(StoreError) -> MailboxState {
    let name = try mailboxName(of: folder)
    let connection = member.connection
    if let mailbox = connection.mailbox, mailbox.name == name, known == nil || mailbox.uidValidity == known {
      // A session's view may be behind what another connection was shown, and a message that is new would look gone. NOOP
      // brings it up to date, once it is answered: in one write with what follows, Dovecot (2.3.19) does that first.
      if let wanted {
        if !mailbox.shows(wanted) { _ = try await connection.run(.noop) }
      } else {
        connection.send(.noop)
      }
    } else {
      try await selectAnew(folder, name, on: connection)
      // SELECT has told the watcher in silence what happened since.
      if member.watched == folder { hint(folder) }
    }
    guard let mailbox = connection.mailbox else {
      throw StoreError(.folder, .internalFault, "\(title): \(printable("\(folder)")) is not selected")
    }
    if known == nil || mailbox.uidValidity == known {
      try note(folder) {
        if $0.validity == nil { $0.validity = mailbox.uidValidity }
        $0.capacity = mailbox.flagCapacity
      }
    }
    return mailbox
  }
}
