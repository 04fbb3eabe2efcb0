// IMAP: the protocol as values, octets in and out; it knows no stream, no clock and no store. It may import Mail only.
// Read this file first, then Command (what is said), Untagged (what is heard), Framer and ResponseReader (how that is read).

internal import Mail

/// One IMAP connection as a value: octets and commands in, octets and what was said out. It knows no time and does no
/// I/O.
///
///     submit ──► queue ──► sending ──► .write      held back by: a `+` not yet come, an upload, IDLE, STARTTLS
///     received ──► reader ──► .untagged, .completed, .bodyBegan …
///
/// The danger is a server's word taken for another's: a `+` for the wrong literal, an answer for the wrong command,
/// octets from before TLS. So at most one command waits for a `+`, and nothing is written behind it; tags are compared
/// whole; and one octet between the OK of STARTTLS and the handshake ends the session.
package struct Session: Sendable {
  package private(set) var phase = Phase.greeting
  /// As last told by the server; unknown after STARTTLS, and after a login that did not tell: ask again.
  package private(set) var capabilities = Capabilities()

  private let limits: SessionLimits
  private var reader: ResponseReader
  private var outbox: Outbox
  private var inFlight: [InFlight] = []
  /// CAPABILITY came while a login was unanswered, and no other command had asked for it.
  private var wasToldDuringLogin = false
  private var effects: [SessionEffect] = []
  private let isTraced: Bool

  /// `isTraced` also tells each line that is sent or received, for a log.
  package init(limits: SessionLimits = .init(), isTraced: Bool = false) {
    self.limits = limits
    self.isTraced = isTraced
    reader = ResponseReader(limits: limits, isTraced: isTraced)
    outbox = Outbox(limits: limits, isTraced: isTraced)
  }

  /// Which tolerances this server has needed so far.
  package var quirks: Quirks { reader.quirks }

  package mutating func handle(_ event: SessionEvent) -> [SessionEffect] {
    switch phase {
    case .failed, .closed: return []
    case .greeting, .notAuthenticated, .securing, .authenticated, .selected, .leaving, .loggedOut: break
    }
    switch event {
    case .received(let octets): receive(octets)
    case .submit(let id, let command):
      // From here on the server may repeat them, until the login has succeeded.
      if let credentials = command.credentials { reader.credentials = credentials }
      outbox.enqueue(id, command)
      write()
    case .uploaded(let id):
      outbox.uploadEnded(id)
      write()
    case .secured:
      precondition(phase == .securing, "TLS is begun by STARTTLS alone")
      phase = .notAuthenticated
      outbox.release()
      write()
    case .endIdle:
      outbox.endIdle()
      write()
    case .closed: closed()
    }
    defer { effects.removeAll() }
    return effects
  }

  /// Several events at once; what is written for them in a row is one `.write`.
  package mutating func handle(_ events: some Sequence<SessionEvent>) -> [SessionEffect] {
    var merged: [SessionEffect] = []
    for effect in events.flatMap({ handle($0) }) {
      if case .write(let octets) = effect, case .write(let before) = merged.last {
        merged[merged.count - 1] = .write(before + octets)
      } else {
        merged.append(effect)
      }
    }
    return merged
  }

  // MARK: Receiving

  private mutating func receive(_ octets: [UInt8]) {
    var index = 0
    do throws(SessionError) {
      while true {
        if phase == .securing, index < octets.count { throw .plaintextAfterStartTLS }
        guard let received = try reader.next(in: octets, from: &index) else { return trace() }
        trace()
        try handle(received)
      }
    } catch {
      trace()
      fail(error)
    }
  }

  private mutating func trace() {
    guard isTraced, !reader.lines.isEmpty else { return }
    for line in reader.lines { effects.append(.heard(TraceLine.of(line, hiding: reader.credentials))) }
    reader.lines.removeAll()
  }

  private mutating func handle(_ received: Received) throws(SessionError) {
    if phase == .greeting { return try greet(received) }
    switch received {
    case .status(let status, let text): told(status, text)
    case .untagged(let untagged): told(untagged)
    case .esearch(var response, let tag):
      response.command = tag.flatMap { command(tagged: $0) }.map { inFlight[$0].id }
      effects.append(.untagged(.esearch(response)))
    case .tagged(let tag, let completion): try answered(tag, completion)
    case .continuation(let text):
      guard let accepted = outbox.continued() else { throw .unexpectedContinuation }
      if case .idle(let id) = accepted { effects.append(.idling(id, text: text)) }
      write()
    case .bodyBegan(let start): effects.append(.bodyBegan(start))
    case .body(let octets): effects.append(.body(octets))
    case .bodyEnded: effects.append(.bodyEnded)
    }
  }

  /// The first line (RFC 9051 §7.1).
  private mutating func greet(_ received: Received) throws(SessionError) {
    guard case .status(let status, let text) = received else { throw .notIMAP(received.excerpt) }
    let kind: Greeting.Kind
    switch status {
    case .ok: (kind, phase) = (.ok, .notAuthenticated)
    case .preauth: (kind, phase) = (.preauth, .authenticated)
    case .bye: (kind, phase) = (.bye, .leaving)
    case .no, .bad: throw .notIMAP(text.description)
    }
    effects.append(.greeted(Greeting(kind, believed(text))))
    write()
  }

  private mutating func told(_ status: Received.Status, _ text: ResponseText) {
    let text = believed(text)
    switch status {
    case .ok: effects.append(.untagged(.ok(text)))
    case .no: effects.append(.untagged(.no(text)))
    case .bad: effects.append(.untagged(.bad(text)))
    case .bye:
      phase = .leaving
      effects.append(.untagged(.bye(text)))
    // PREAUTH is a greeting; later it would be a way past the login.
    case .preauth: effects.append(.untagged(.other("PREAUTH")))
    }
  }

  private mutating func told(_ untagged: Untagged) {
    if case .capability(let capabilities) = untagged {
      self.capabilities = capabilities
      let isAsked = inFlight.contains { $0.meaning == .capability }
      if !isAsked, inFlight.contains(where: { $0.meaning == .login }) { wasToldDuringLogin = true }
    }
    effects.append(.untagged(untagged))
  }

  // MARK: Answers

  private mutating func answered(_ tag: [UInt8], _ completion: Completion) throws(SessionError) {
    guard let index = command(tagged: tag) else {
      throw .unexpectedTag(ResponseParser.excerpt(tag, hiding: reader.credentials))
    }
    let command = inFlight.remove(at: index)
    let believed = believed(completion, asAnswerTo: command.meaning)
    outbox.answered(command.id)
    effects.append(.completed(command.id, believed))
    confirm(command.meaning, believed)
    write()
  }

  /// What the session itself concludes from an answer.
  private mutating func confirm(_ meaning: InFlight.Meaning, _ completion: Completion) {
    // After BYE an answer still counts for the one who asked, and changes nothing here any more.
    if phase == .leaving, meaning != .logout { return }
    switch meaning {
    case .login where completion.isOK:
      phase = .authenticated
      let isTold = if case .capability = completion.code { true } else { wasToldDuringLogin }
      if !isTold { capabilities = Capabilities() }
      wasToldDuringLogin = false
      reader.credentials = nil
    case .startTLS where completion.isOK:
      // RFC 9051 §6.2.1: nothing told before TLS is kept.
      capabilities = Capabilities()
      phase = .securing
      effects.append(.secure)
    case .startTLS: outbox.release()
    case .login: wasToldDuringLogin = false
    case .select(let name, let isReadOnly) where completion.isOK:
      phase = .selected(name, isReadOnly: isReadOnly || completion.code == .readOnly)
    // RFC 9051 §6.3.2: after a failure no mailbox is selected.
    case .select: if case .selected = phase { phase = .authenticated }
    case .logout where completion.isOK: phase = .loggedOut
    case .logout: outbox.release()
    case .capability, .append, .copy, .move, .store, .other: break
    }
  }

  /// With its code only where that may stand: one that says where a message went could elsewhere be another message's.
  private mutating func believed(_ completion: Completion, asAnswerTo meaning: InFlight.Meaning) -> Completion {
    let code: ResponseCode? =
      switch completion.code {
      case .appendUID where meaning != .append || !completion.isOK: .other("APPENDUID")
      case .copyUID where (meaning != .copy && meaning != .move) || !completion.isOK: .other("COPYUID")
      case .modified where meaning != .store: .other("MODIFIED")
      case .capability where meaning == .startTLS: .other("CAPABILITY")
      default: completion.code
      }
    if case .capability(let capabilities) = code { self.capabilities = capabilities }
    return Completion(completion.status, code: code, text: completion.text)
  }

  /// The same for an untagged status response.
  private mutating func believed(_ text: ResponseText) -> ResponseText {
    let code: ResponseCode? =
      switch text.code {
      case .appendUID: .other("APPENDUID")
      case .modified: .other("MODIFIED")
      // RFC 6851 §4.3: before the answer to a MOVE.
      case .copyUID where !inFlight.contains { $0.meaning == .move }: .other("COPYUID")
      default: text.code
      }
    if case .capability(let capabilities) = code { self.capabilities = capabilities }
    return ResponseText(code: code, text: text.text)
  }

  /// Where in `inFlight` the command is that was sent with this tag.
  private func command(tagged tag: [UInt8]) -> Int? { inFlight.firstIndex { $0.tag.elementsEqual(tag) } }

  // MARK: Writing and ending

  private mutating func write() {
    switch phase {
    case .notAuthenticated, .authenticated, .selected:
      outbox.write(capabilities: capabilities, inFlight: &inFlight, effects: &effects)
    case .greeting, .securing, .leaving, .loggedOut, .closed, .failed: return
    }
  }

  private mutating func closed() {
    if phase != .loggedOut {
      effects.append(.failed(.closed(isMidResponse: !reader.isBetweenResponses)))
    }
    phase = .closed
  }

  private mutating func fail(_ error: SessionError) {
    let error: SessionError =
      if phase == .greeting, case .malformed(let excerpt) = error { .notIMAP(excerpt) } else { error }
    phase = .failed(error)
    effects.append(.failed(error))
  }
}
