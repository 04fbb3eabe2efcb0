/// The commands on their way out, in the order in which they were submitted.
struct Outbox: Sendable {
  private enum State: Sendable {
    /// The next command may be written.
    case free
    /// These parts of a command are next.
    case writing(CommandID, ArraySlice<CommandPart>)
    /// The header of a synchronizing literal is out; these parts wait for `+`, and all else behind them.
    case paused(CommandID, ArraySlice<CommandPart>)
    /// The caller writes a message; then these parts follow.
    case uploading(CommandID, ArraySlice<CommandPart>)
    /// IDLE is out. DONE may not follow before `+`: Cyrus 3.6 would lose it, and idle for ever.
    case idleAwaited(CommandID, isEnding: Bool)
    case idling(CommandID, isEnding: Bool)
    /// STARTTLS or LOGOUT is out, and nothing follows until `release`.
    case silent
  }

  private struct Entry: Sendable {
    let id: CommandID
    let command: Command
    /// An IDLE that is to end as soon as it has begun.
    var isEnding = false
  }

  enum Accepted { case literal, idle(CommandID) }

  private let limits: SessionLimits
  private let isTraced: Bool
  private var state = State.free
  private var queue: [Entry] = []
  private var tagCount: UInt64 = 0

  init(limits: SessionLimits, isTraced: Bool = false) {
    self.limits = limits
    self.isTraced = isTraced
  }

  mutating func enqueue(_ id: CommandID, _ command: Command) { queue.append(Entry(id: id, command: command)) }

  /// What the server's `+` was for; nil where nothing waits for one.
  mutating func continued() -> Accepted? {
    switch state {
    case .paused(let id, let rest):
      state = .writing(id, rest)
      return .literal
    case .idleAwaited(let id, let isEnding):
      state = .idling(id, isEnding: isEnding)
      return .idle(id)
    case .free, .writing, .uploading, .idling, .silent: return nil
    }
  }

  /// The command's tagged answer came. Parts that wait for `+` are then not sent; a message on its way is finished,
  /// because the server counts its octets all the same.
  mutating func answered(_ id: CommandID) {
    switch state {
    case .paused(id, _), .idleAwaited(id, _), .idling(id, _): state = .free
    case .free, .writing, .paused, .uploading, .idleAwaited, .idling, .silent: return
    }
  }

  mutating func uploadEnded(_ id: CommandID) {
    guard case .uploading(id, let rest) = state else { preconditionFailure("no upload was asked for") }
    state = .writing(id, rest)
  }

  /// Ends the last IDLE, begun or not.
  mutating func endIdle() {
    if let index = queue.lastIndex(where: { if case .idle = $0.command { true } else { false } }) {
      queue[index].isEnding = true
      return
    }
    switch state {
    case .idleAwaited(let id, _): state = .idleAwaited(id, isEnding: true)
    case .idling(let id, _): state = .idling(id, isEnding: true)
    case .free, .writing, .paused, .uploading, .silent: return
    }
  }

  /// TLS is up, or STARTTLS or LOGOUT was refused.
  mutating func release() {
    if case .silent = state { state = .free }
  }

  /// Writes what may be written, in one piece, and asks for an upload where one is next.
  mutating func write(
    capabilities: Capabilities, inFlight: inout [InFlight], effects: inout [SessionEffect]
  ) {
    var octets: [UInt8] = []
    var begun = 0
    var upload: CommandID?
    writing: while true {
      switch state {
      case .writing(let id, let parts):
        send(parts, of: id, into: &octets)
        if case .uploading = state { upload = id }
      case .idling(_, let isEnding) where isEnding || begun < queue.count:
        octets.append(contentsOf: "DONE\r\n".utf8)
        if isTraced { effects.append(.sent("DONE")) }
        state = .free
      case .free where begun < queue.count:
        let entry = queue[begun]
        // STARTTLS is alone on the line: an answer to another command must not be taken for one under TLS.
        if case .startTLS = entry.command, !inFlight.isEmpty { break writing }
        begun += 1
        if isTraced { effects.append(.sent("m\(tagCount + 1) \(entry.command)")) }
        begin(entry, capabilities, &inFlight, into: &octets)
        if case .uploading = state { upload = entry.id }
      case .free, .paused, .uploading, .idleAwaited, .idling, .silent: break writing
      }
    }
    queue.removeFirst(begun)
    if !octets.isEmpty { effects.append(.write(octets)) }
    if let upload { effects.append(.upload(upload)) }
  }

  private mutating func begin(
    _ entry: Entry, _ capabilities: Capabilities, _ inFlight: inout [InFlight], into octets: inout [UInt8]
  ) {
    precondition(!inFlight.contains { $0.id == entry.id }, "a command's number is used again while it is unanswered")
    tagCount += 1
    let tag = "m\(tagCount)"
    inFlight.append(InFlight(id: entry.id, tag: Array(tag.utf8), meaning: InFlight.Meaning(entry.command)))
    let parts = entry.command.parts(tag: tag, capabilities: capabilities, limits: limits)
    send(parts[...], of: entry.id, into: &octets)
    if case .idle = entry.command { state = .idleAwaited(entry.id, isEnding: entry.isEnding) }
    if entry.command.isLastOnTheLine { state = .silent }
  }

  /// Leaves `state` at free, paused or uploading.
  private mutating func send(_ parts: ArraySlice<CommandPart>, of id: CommandID, into octets: inout [UInt8]) {
    for (index, part) in zip(parts.indices, parts) {
      switch part {
      case .octets(let text): octets.append(contentsOf: text)
      case .pause:
        state = .paused(id, parts[(index + 1)...])
        return
      case .upload:
        state = .uploading(id, parts[(index + 1)...])
        return
      }
    }
    state = .free
  }
}

extension Command {
  /// True where nothing may be written behind it before its answer.
  fileprivate var isLastOnTheLine: Bool {
    switch self {
    case .startTLS, .logout: true
    default: false
    }
  }
}
