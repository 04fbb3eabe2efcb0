package import Ports
import Mail

/// One connection to a simulated server: what it sent so far, how far it has come, and how it knows its mailbox.
@Loop
package final class ServerSession {
  enum Phase: Equatable {
    case commands
    /// AUTHENTICATE waits for its response.
    case authenticating(tag: String)
    case idling(tag: String)
    /// STARTTLS was answered.
    case awaitingTLS
  }

  package let number: Int
  unowned let server: SimulatedServer
  private let wire: ServerWire
  private var reader = CommandReader()
  var out: [UInt8] = []
  var phase = Phase.commands
  package internal(set) var isConfidential: Bool
  package internal(set) var isLoggedIn = false
  private(set) var isClosed = false
  /// It was not listened to for a while, so that nothing it says can be understood any more.
  private var isDeaf = false
  private var isWorking = false
  private var isPushing = false
  private var badCommands = 0
  var hasCondStore = false
  var hasQResync = false
  var view: MailboxView?
  var notify: NotifyRequestState?
  var news = MailboxesNews()
  /// Answers that wait for what is new in the selected mailbox (`ServerSession+Order`).
  var waiting: [WaitingAnswer] = []
  /// Of the command that is being carried out.
  private(set) var tagInHand = ""

  /// Dovecot's patience: at the 21st command that is BAD it hangs up.
  static let badCommandsMax = 20

  init(_ number: Int, _ server: SimulatedServer, _ wire: ServerWire, isConfidential: Bool) {
    self.number = number
    self.server = server
    self.wire = wire
    self.isConfidential = isConfidential
  }

  package var isIdling: Bool { if case .idling = phase { true } else { false } }
  package var selectedMailbox: String? { view?.mailbox.name }
  package var hasNotify: Bool { notify != nil }

  // MARK: The connection

  func greet(isPreauthenticated: Bool) {
    server.log.note("server s\(number): connected")
    guard !server.trouble.isSilent else {
      isDeaf = true
      return
    }
    guard server.sessions.count <= server.profile.connectionsMax else {
      return end(saying: "* BYE [LIMIT] Too many connections")
    }
    isLoggedIn = isPreauthenticated
    let code = server.profile.tellsCapabilities ? "[CAPABILITY \(capabilities)] " : ""
    say("* \(isPreauthenticated ? "PREAUTH" : "OK") \(code)simulated server ready")
    flush()
  }

  package func receive(_ octets: [UInt8]) {
    guard !isClosed else { return }
    if server.trouble.isSilent { isDeaf = true }
    guard !isDeaf else { return }
    reader.feed(octets)
    isWorking = true
    while !isClosed, let event = reader.next() { handle(event) }
    if !isClosed { answerWaiting() }
    isWorking = false
    flush()
  }

  /// The client's handshake: what it sent before was not protected, and is not listened to.
  package func startTLS() {
    guard phase == .awaitingTLS else { return end(saying: nil) }
    reader.drop()
    phase = .commands
    isConfidential = true
  }

  /// The client is gone. Nothing is expunged by that.
  package func ended() {
    guard !isClosed else { return }
    isClosed = true
    server.log.note("server s\(number): ended")
    server.forget(self)
  }

  func end(saying text: String?) {
    guard !isClosed else { return }
    if let text, !isDeaf { say(text) }
    flush()
    server.log.note("server s\(number): closed by the server")
    isClosed = true
    server.forget(self)
    wire.close()
  }

  // MARK: Saying

  func say(_ line: String) {
    out.say(line)
    out.sayLineEnd()
  }

  /// Without a command to answer.
  func sayNow(_ line: String) {
    say(line)
    if !isWorking { flush() }
  }

  private func flush() {
    guard !out.isEmpty else { return }
    let octets = out
    out = []
    guard !isDeaf, !isClosed else { return }
    wire.send(octets, server.profile.answerDelay + server.trouble.answerDelay)
  }

  // MARK: Commands

  private func handle(_ event: CommandReader.Event) {
    switch event {
    case .tooLong: end(saying: "* BYE Too long")
    case .literal(let size, let isSynchronizing): announced(size, isSynchronizing)
    case .line(let line): heard(line: line)
    case .command(let octets): execute(octets)
    }
  }

  private func announced(_ size: Int, _ isSynchronizing: Bool) {
    let profile = server.profile
    if !isSynchronizing {
      // Courier hangs up on a literal that it did not ask for.
      guard profile.has(.literalPlus) || (profile.has(.literalMinus) && size <= 4096) else {
        return end(saying: "* BYE Unexpected literal")
      }
      return reader.accept()
    }
    if let refusal = appendRefusal(reader.command, size) {
      say(refusal)
      reader.abandon()
    } else {
      say("+ go ahead")
      reader.accept()
    }
  }

  private func heard(line: [UInt8]) {
    reader.expectsLine = false
    let phase = phase
    self.phase = .commands
    switch phase {
    case .authenticating(let tag): complete(tag, .authenticate, authenticate(line))
    case .idling(let tag):
      let isDone = String(decoding: line, as: UTF8.self).uppercased() == "DONE"
      announce(allowsExpunge: true)
      complete(tag, .idle, isDone ? "OK Idle completed" : "BAD Expected DONE")
    case .commands, .awaitingTLS: preconditionFailure("lines are read where one is waited for")
    }
  }

  func expectLine(_ phase: Phase) {
    self.phase = phase
    reader.expectsLine = true
  }

  private func execute(_ octets: [UInt8]) {
    guard phase != .awaitingTLS else { return }
    var scanner = CommandScanner(octets)
    let start = out.count
    var tag = "*"
    do throws(BadCommand) {
      tag = String(decoding: try scanner.atom(), as: UTF8.self)
      tagInHand = tag
      try scanner.space()
      let word = try scanner.word()
      let isUID = word == "UID"
      if isUID { try scanner.space() }
      let name = isUID ? try scanner.word() : word
      guard let verb = ServerVerb(rawValue: name), !isUID || verb.takesUID else { throw BadCommand("Unknown command") }
      note(octets, verb)
      try check(verb, isUID: isUID)
      server.record.commands[verb, default: 0] += 1
      if verb.order == .alone { answerWaiting() }
      surprise(before: verb, isUID: isUID)
      var answer = refusal(of: verb)
      if answer == nil { answer = try perform(verb, isUID: isUID, tag, &scanner) }
      guard let answer, !isClosed else { return }
      finish(WaitingAnswer(tag: tag, verb: verb, text: answer, allowsExpunge: isUID || !verb.forbidsExpunge))
      if server.trouble.losesNextAnswer.contains(verb), answer.hasPrefix("OK") {
        server.trouble.losesNextAnswer.remove(verb)
        server.log.note("server s\(number): the answer to \(verb.rawValue) is lost")
        out.removeSubrange(start...)
        end(saying: nil)
      }
    } catch {
      bad(tag, error)
    }
  }

  func complete(_ tag: String, _ verb: ServerVerb, _ answer: String) {
    server.log.note("server s\(number): \(tag) \(answer)")
    if verb != .logout { tellNews() }
    say("\(tag) \(answer)")
    if verb == .logout { end(saying: nil) }
  }

  private func bad(_ tag: String, _ error: BadCommand) {
    server.log.note("server s\(number): \(tag) BAD \(error.text)")
    say("\(tag) BAD \(error.text)")
    badCommands += 1
    if badCommands > Self.badCommandsMax { end(saying: "* BYE Too many invalid IMAP commands.") }
  }

  private func check(_ verb: ServerVerb, isUID: Bool) throws(BadCommand) {
    if let needed = verb.needed, !server.profile.has(needed) { throw BadCommand("Unknown command") }
    if verb == .startTLS, !server.profile.offersStartTLS { throw BadCommand("Unknown command") }
    switch verb.stage {
    case .any: return
    case .beforeLogin: if isLoggedIn { throw BadCommand("Already logged in") }
    case .afterLogin: if !isLoggedIn { throw BadCommand("Please log in first") }
    case .selected: if !isLoggedIn || view == nil { throw BadCommand("No mailbox selected") }
    }
  }

  private func refusal(of verb: ServerVerb) -> String? {
    guard server.trouble.refusesEverything, isLoggedIn else { return nil }
    switch verb {
    case .noop, .capability, .logout, .idle: return nil
    default: return "NO [UNAVAILABLE] Try again later"
    }
  }

  /// The first line alone, and nothing of credentials.
  private func note(_ octets: [UInt8], _ verb: ServerVerb) {
    guard verb != .login, verb != .authenticate else {
      return server.log.note("server s\(number): \(verb.rawValue) ***")
    }
    let line = octets.prefix(200).prefix { $0 != 0x0D }
    server.log.note("server s\(number): \(String(decoding: line, as: UTF8.self))")
  }

  // MARK: Pushing

  var hasNews: Bool {
    if !news.isEmpty { return true }
    guard let view else { return false }
    return !view.isBlind && view.seen != view.mailbox.changeCount
  }

  /// What happened is told by and by where the protocol lets a server speak unasked.
  func pushSoon() {
    guard !isClosed, !isWorking, !isPushing, isIdling || notify != nil, hasNews, !server.trouble.forgetsToPush else {
      return
    }
    let delay = server.profile.pushDelay
    guard delay > .zero else { return push() }
    isPushing = true
    let due = server.clock.now.advanced(by: delay)
    Loop.task { [weak self, clock = server.clock] in
      // Cancelled never: nobody holds the task.
      do { try await clock.sleep(until: due, tolerance: nil) } catch { return }
      self?.push()
    }
  }

  private func push() {
    isPushing = false
    guard !isClosed, isIdling || notify != nil, !server.trouble.forgetsToPush else { return }
    announce(allowsExpunge: true)
    tellNews()
    flush()
  }
}
