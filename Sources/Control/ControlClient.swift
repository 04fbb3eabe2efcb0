package import Ports

/// A command's end of the control socket: one request, and what comes back.
@Loop
package final class ControlClient {
  /// A daemon that lives answers within milliseconds what it need not do anything for.
  package static let answerDeadline: Duration = .seconds(10)

  private let stream: any ByteStream
  private let clock: any LoopClock
  private let answerDeadline: Duration
  private var isLate = false
  private var lines = LineSplitter(limit: ControlWire.replyLengthMax)

  package init(
    _ stream: any ByteStream, clock: any LoopClock, answerDeadline: Duration = ControlClient.answerDeadline
  ) {
    self.stream = stream
    self.clock = clock
    self.answerDeadline = answerDeadline
  }

  package func close() { stream.close() }

  package func send(_ request: ControlRequest) async throws(ControlError) {
    let line = try ControlWire.line(request)
    do {
      try await stream.write(line)
    } catch {
      throw ControlError(.disconnected, "martlet closed the control socket: \(error.text)")
    }
  }

  /// Nil when the daemon has said all.
  package func reply() async throws(ControlError) -> ControlReply? {
    while true {
      if let line = try lines.next() { return try ControlWire.value(ControlReply.self, from: line) }
      let bytes = try await read()
      if bytes.isEmpty { return nil }
      lines.append(bytes)
    }
  }

  /// The first reply to a request for the status, once or whenever it has changed.
  package func promptReply() async throws(ControlError) -> ControlReply? {
    let deadline = Loop.task { [weak self, clock, answerDeadline] in
      if await clock.passes(answerDeadline) { self?.giveUp() }
    }
    defer { deadline.cancel() }
    let result = await Result { () async throws(ControlError) in try await reply() }
    guard isLate else { return try result.get() }
    throw ControlError(
      .silent, "martlet does not answer on its control socket: it is stopped, or hangs; look at its process")
  }

  private func giveUp() {
    isLate = true
    stream.close()
  }

  package func status() async throws(ControlError) -> Result<StatusReport, Refusal> {
    try await send(.status)
    switch try await promptReply() {
    case .status(let status): return .success(status)
    case .refused(let refusal): return .failure(refusal)
    case .progress, .piece, .report, nil: throw unfinished
    }
  }

  package func sync(
    _ request: SyncRequest, tell: @Loop (SyncProgress) -> Void
  ) async throws(ControlError) -> Result<SyncReport, Refusal> {
    try await send(.sync(request))
    var pieces: [SyncPiece] = []
    while let reply = try await reply() {
      switch reply {
      case .progress(let progress): tell(progress)
      case .piece(let piece): pieces.append(piece)
      case .refused(let refusal): return .failure(refusal)
      case .status: throw unfinished
      case .report(var report):
        for piece in pieces { report.add(piece) }
        return .success(report)
      }
    }
    throw unfinished
  }

  private func read() async throws(ControlError) -> [UInt8] {
    do {
      return try await stream.read()
    } catch {
      // Our own doing is not the daemon's.
      let text = error.kind == .cancelled ? error.text : "martlet closed the control socket: \(error.text)"
      throw ControlError(.disconnected, text)
    }
  }

  private var unfinished: ControlError {
    ControlError(.disconnected, "martlet closed the control socket before it had answered")
  }
}

extension Result {
  /// The outcome of asynchronous work as a value.
  package init(_ body: () async throws(Failure) -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
