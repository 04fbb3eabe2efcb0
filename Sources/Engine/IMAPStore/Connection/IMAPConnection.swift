import IMAP
import Mail
import Ports

/// One connection to a server: the pump between a byte stream and an `IMAP.Session`.
///
///     send ──► session ──► writer ──► stream          stream ──► reader ──► session ──► answers, mailbox, bodies
///
/// Commands are sent without waiting for one another's answers; those sent in one go leave in one write. What the
/// server says unasked is kept in `mailbox` until somebody takes it. Reading stops while the one who reads a message's
/// body has not taken what came; writing never waits for reading.
@Loop
final class IMAPConnection {
  /// What the connection tells its owner; called on the loop, must not wait.
  struct Hooks {
    /// Untagged data that no command in flight took.
    var heard: (Untagged) -> Void = { _ in }
    /// A batch of data was read; the mailbox may hold news.
    var batchEnded: () -> Void = {}
    /// The connection is of no use any more.
    var ended: (StoreError) -> Void = { _ in }
  }

  /// Untagged responses between two answers: more than any mailbox has reason for.
  static let responsesMax = 8_000_000

  let title: String
  /// For what the stream says, which names the port itself.
  let hostTitle: String
  let timing: IMAPTiming
  var hooks = Hooks()
  private let stream: any ByteStream
  private let writer: ConnectionWriter
  private let watchdog: AnswerWatchdog
  private var session: Session
  private let trace: ((ProtocolLine.Sender, String, MailboxName?) -> Void)?
  private var nextID: UInt64 = 1
  /// How many untagged responses were heard: tells one from the next.
  private(set) var untaggedCount = 0
  private var heardSinceAnswer = 0
  private var inFlight: [CommandAnswer] = []
  private var selection = Selection()
  private let greeted = Pledge<Result<Greeting, StoreError>>()
  private var secured = Pledge<Result<Void, StoreError>>()
  private var idleAccepted: Pledge<Bool>?
  private var isEndingIdle = false
  private var bodies: BodyChannel?
  private(set) var failure: StoreError?
  /// What the server knows here of its mailboxes is not true any more: nothing is to be asked of it again.
  private(set) var isOutdated = false
  /// What a BYE said, for the error that follows.
  private(set) var lastWords: ResponseText?
  /// When the last command was answered or an octet came.
  var lastSign: LoopInstant { watchdog.lastSign }

  /// `trace` is told who said what, and which mailbox was selected then.
  init(
    _ stream: any ByteStream, to endpoint: Endpoint, clock: any LoopClock, timing: IMAPTiming,
    trace: ((ProtocolLine.Sender, String, MailboxName?) -> Void)? = nil
  ) {
    self.stream = stream
    self.trace = trace
    session = Session(isTraced: trace != nil)
    title = endpoint.title
    hostTitle = endpoint.hostTitle
    self.timing = timing
    writer = ConnectionWriter(stream)
    watchdog = AnswerWatchdog(clock, limit: timing.login)
    writer.owner = self
    watchdog.owner = self
  }

  /// Begins to read.
  func start() {
    Loop.task { await self.readAll() }
    watchdog.expectsMore()
  }

  // MARK: State

  var capabilities: Capabilities { session.capabilities }
  var isOpen: Bool { failure == nil }
  var isConfidential: Bool { stream.isConfidential }
  /// The selected mailbox; nil while a SELECT is on its way, and nobody can know what a command would be about.
  var mailbox: MailboxState? { selection.nextChange == nil ? selection.current : nil }
  /// True where an answer is outstanding, IDLE's aside.
  var isBusy: Bool { inFlight.contains { !$0.isIdle } || isEndingIdle }
  /// True where a command was sent and nobody can know whether it was carried out.
  var hasUnanswered: Bool { inFlight.contains { !$0.isIdle && !$0.isNoop } }
  /// True from the moment IDLE was sent until it is being ended.
  var isIdling: Bool { idleAccepted != nil && !isEndingIdle }

  /// True where silence is suspicious.
  var isExpecting: Bool {
    if failure != nil { return false }
    return greeted.value == nil || isBusy || idleAccepted.map { $0.value == nil } ?? false
  }

  /// What the mailbox heard is taken out, for the one who acts on it.
  func takeNews() -> MailboxNews { selection.takeNews() }

  func arrivalsAreAskedFor(from lowest: UID) { selection.arrivalsAreAskedFor(from: lowest) }

  /// Mailboxes that were left with news untold.
  func takeLeft() -> [MailboxState] { selection.takeLeft() }

  /// Messages whose end somebody has just been told of.
  func forget(_ uids: UIDSet) { selection.forget(uids) }

  /// Somebody is being told of this message's flags.
  func forgetTold(of uid: UID) { selection.forgetTold(of: uid) }

  // MARK: Commands

  /// Sends as soon as what was sent before allows. `collect` sees untagged data while the command is unanswered.
  @discardableResult
  func send(
    _ command: Command, upload: Upload? = nil, collect: CommandAnswer.Collector? = nil
  ) -> CommandAnswer {
    let answer = CommandAnswer(CommandID(rawValue: nextID), command: command, collect: collect, upload: upload)
    nextID += 1
    if let failure {
      answer.settle(.failure(failure))
      upload?.abort()
      return answer
    }
    let wasQuiet = !isExpecting
    if case .select(let name, let readOnly, _) = command {
      selection.begin(name, readOnly: readOnly, id: answer.id)
    }
    inFlight.append(answer)
    if answer.isIdle { idleAccepted = Pledge<Bool>() }
    if wasQuiet { watchdog.sign() }
    handle(.submit(answer.id, command))
    watchdog.expectsMore()
    return answer
  }

  /// Sends and waits for the answer, whatever it is.
  func run(_ command: Command, collect: CommandAnswer.Collector? = nil) async throws(StoreError) -> Completion {
    try await send(command, collect: collect).completion()
  }

  /// All of them, answered before the first refusal counts: what is unanswered when a connection is given back would
  /// be taken for the next one's.
  func completions(of answers: [CommandAnswer]) async throws(StoreError) -> [Completion] {
    var completions: [Completion] = []
    for answer in answers { completions.append(try await answer.completion()) }
    return completions
  }

  /// Ends IDLE; DONE leaves together with what is sent next.
  func endIdle() {
    guard isIdling, failure == nil else { return }
    isEndingIdle = true
    watchdog.sign()
    handle(.endIdle)
    watchdog.expectsMore()
  }

  /// Returns when all that was sent so far is answered.
  func waitUntilQuiet() async throws(StoreError) {
    for answer in inFlight { _ = try await answer.completion() }
  }

  /// Returns true when the server has accepted IDLE; false where it refused.
  func idleIsAccepted() async throws(StoreError) -> Bool {
    guard let idleAccepted else { return false }
    let accepted = try await idleAccepted.wait()
    if let failure { throw failure }
    return accepted
  }

  /// From now on bodies go to `channel`, as do the answers to the FETCHes that ask for them.
  func deliverBodies(to channel: BodyChannel?) { bodies = channel }

  func greeting() async throws(StoreError) -> Greeting { try await greeted.wait().get() }

  /// Returns when the handshake that STARTTLS asked for is done.
  func isSecured() async throws(StoreError) { try await secured.wait().get() }

  func loginEnded() { (watchdog.limit, watchdog.pace) = (timing.answer, .work) }

  /// Asks for a sign of life; false, and the connection is ended, where none comes in time.
  func probe(within limit: Duration) async throws(StoreError) -> Bool {
    endIdle()
    let isWorking = hasUnanswered
    watchdog.tighten(to: limit)
    // Where answers are due anyway, their coming is the sign.
    if isWorking { return true }
    _ = try await run(.noop)
    return isOpen
  }

  func close() { fail(StoreError(.account, .cancelled, "\(title): closed")) }

  /// Says goodbye, where nothing else is going on.
  func logout() async {
    guard failure == nil else { return }
    if isIdling { endIdle() }
    if bodies == nil, !inFlight.contains(where: { $0.upload != nil }) {
      watchdog.tighten(to: timing.logout)
      // A connection that is closed anyway: whatever is answered, it is over.
      do { _ = try await run(.logout) } catch {}
    }
    close()
  }

  // MARK: Reading

  private func readAll() async {
    while failure == nil {
      do {
        let octets = try await stream.read()
        watchdog.heard(octets.count)
        for effect in take(octets.isEmpty ? .closed : .received(octets)) {
          await carryOut(effect)
          if failure != nil { return }
        }
        hooks.batchEnded()
        // After a goodbye the session says nothing of it.
        if octets.isEmpty { return }
      } catch {
        fail(StoreError(streamError: error, hostTitle))
      }
    }
  }

  /// Tells the session; what it writes is queued at once and in order, the rest is answered.
  private func take(_ event: SessionEvent) -> [SessionEffect] {
    session.handle(event).filter { effect in
      switch effect {
      case .write(let octets): writer.write(octets)
      case .upload(let id): beginUpload(id)
      case .sent(let line): trace?(.client, line, mailbox?.name)
      case .heard(let line): trace?(.server, line, mailbox?.name)
      default: return true
      }
      return false
    }
  }

  /// For events that cannot bring bodies.
  private func handle(_ event: SessionEvent) {
    for effect in take(event) { carryOutNow(effect) }
  }

  private func carryOut(_ effect: SessionEffect) async {
    switch effect {
    case .bodyBegan(let start): await put(.began(start))
    case .body(let octets): await put(.octets(octets))
    case .bodyEnded: await put(.ended)
    case .untagged(.fetch(let response)) where response.bodySize != nil || response.bodyWasNil:
      await put(.fetched(response))
    case .untagged(.unreadable(let name, let excerpt)):
      await put(.voided)
      hear(.unreadable(name: name, excerpt: excerpt))
    case .completed(let id, let completion):
      complete(id, completion)
      await put(.completed(id, completion))
    case .secure: await secure()
    default: carryOutNow(effect)
    }
  }

  private func carryOutNow(_ effect: SessionEffect) {
    switch effect {
    case .greeted(let greeting):
      if greeting.kind == .bye { lastWords = greeting.text }
      greeted.settle(.success(greeting))
    case .untagged(let untagged): hear(untagged)
    case .idling: idleAccepted?.settle(true)
    case .completed(let id, let completion): complete(id, completion)
    case .failed(let error): fail(described(error))
    case .write, .sent, .heard, .upload, .secure, .bodyBegan, .body, .bodyEnded:
      preconditionFailure("\(effect) comes only from what was read, and in its own way")
    }
  }

  /// The server's silence does not count while we do not listen.
  private func put(_ event: BodyChannel.Event) async {
    guard let bodies else { return }
    watchdog.hold()
    await bodies.put(event)
    watchdog.release()
  }

  private func hear(_ untagged: Untagged) {
    if case .bye(let text) = untagged { lastWords = text }
    untaggedCount += 1
    heardSinceAnswer += 1
    if heardSinceAnswer > Self.responsesMax, isBusy {
      return fail(StoreError(.account, .unavailable, "\(title): the server says too much, and no end of an answer"))
    }
    var isTaken = false
    let last = lastAddressee(of: untagged)
    for answer in inFlight where last.map({ answer.id.rawValue < $0.rawValue }) ?? true {
      if let collect = answer.collect, collect(untagged) { isTaken = true }
    }
    selection.hear(untagged, isAsked: isTaken)
    if selection.isFlooded {
      fail(StoreError(.account, .unavailable, "\(title): the server says too much before it has opened a mailbox"))
    }
    if !isTaken { hooks.heard(untagged) }
  }

  /// What is said before an older command is answered is about the mailbox that was selected then, and no answer to a
  /// SELECT on its way nor to what was sent after it (RFC 9051 §5.5). Nor are the last news of that mailbox.
  private func lastAddressee(of untagged: Untagged) -> CommandID? {
    guard let change = selection.nextChange, !selection.isOldClosed,
      selection.isLastOfOld(untagged) || inFlight.contains(where: { $0.id.rawValue < change.rawValue })
    else { return nil }
    return change
  }

  private func complete(_ id: CommandID, _ completion: Completion) {
    guard let index = inFlight.firstIndex(where: { $0.id == id }) else { return }
    let answer = inFlight.remove(at: index)
    watchdog.beginStretch()
    heardSinceAnswer = 0
    // RFC 2177 §3: it ends by our DONE. A server that ends it otherwise has stopped telling.
    let isBrokenOff = answer.isIdle && idleAccepted?.value == true && !isEndingIdle
    if answer.isIdle {
      idleAccepted?.settle(false)
      idleAccepted = nil
      isEndingIdle = false
    }
    selection.completed(id, completion)
    if completion.status == .no, Quirks.saysOutdatedSession(completion.text) { isOutdated = true }
    answer.settle(.success(completion))
    if isBrokenOff {
      fail(StoreError(.account, .unavailable, "\(title): the server ended IDLE: \(printable(completion.text))"))
    }
  }

  private func secure() async {
    do {
      try await stream.startTLS()
      handle(.secured)
      secured.settle(.success(()))
    } catch {
      fail(StoreError(streamError: error, hostTitle))
    }
  }

  // MARK: Uploads

  private func beginUpload(_ id: CommandID) {
    guard let upload = inFlight.first(where: { $0.id == id })?.upload else {
      preconditionFailure("an APPEND is sent with its content")
    }
    writer.write(upload, as: id)
  }

  func uploadEnded(_ id: CommandID) { handle(.uploaded(id)) }

  /// The literal cannot be finished, so the stream is of no use; what was sent before it is answered first.
  func uploadFailed(_ id: CommandID) async {
    for earlier in inFlight.prefix(while: { $0.id != id }) {
      do { _ = try await earlier.completion() } catch { break }
    }
    fail(StoreError(.account, .unavailable, "\(title): an upload was broken off"))
  }

  func hold() { watchdog.hold() }
  func release() { watchdog.release() }
  func sign() { watchdog.sign() }

  // MARK: Ending

  func fail(_ error: StoreError) {
    guard failure == nil else { return }
    failure = error
    stream.close()
    watchdog.stop()
    let lost = inFlight
    inFlight.removeAll()
    for answer in lost {
      answer.upload?.abort()
      answer.settle(.failure(error))
    }
    idleAccepted?.settle(false)
    greeted.settle(.failure(error))
    secured.settle(.failure(error))
    bodies?.fail(error)
    hooks.ended(error)
    hooks = Hooks()
  }

  private func described(_ error: SessionError) -> StoreError {
    // A server, or a terminal on the way, may repeat what it was told, cut anywhere (law L13).
    if inFlight.contains(where: \.isLogin) {
      return StoreError(.account, .unavailable, "\(title): \(error.summary), during the login")
    }
    let words = lastWords.map { $0.text.isEmpty ? "" : "; it said: \(printable($0.text))" } ?? ""
    return StoreError(.account, .unavailable, "\(title): \(printable("\(error)"))\(words)")
  }
}
