import Mail
import Ports

/// The daemon's end of one caller's connection: one request, its replies, the end.
@Loop
final class ControlCaller {
  private let stream: any ByteStream
  private let service: any ControlService
  private let clock: any LoopClock
  private let requestDeadline: Duration
  /// What a sync told last and the caller has not heard yet, by account.
  private var unsaid: [String: SyncProgress] = [:]
  /// The sync is over: its progress is not worth telling any more.
  private var hasResult = false
  /// Until more of the progress is told.
  private var pause: Task<Bool, Never>?

  init(
    _ stream: any ByteStream, _ service: any ControlService, clock: any LoopClock, requestDeadline: Duration
  ) {
    self.requestDeadline = requestDeadline
    self.stream = stream
    self.service = service
    self.clock = clock
  }

  func serve() async {
    do throws(ControlError) {
      guard let line = try await requestLine() else { return }
      switch try request(from: line) {
      case .status: try await send(.status(service.status()))
      case .sync(let request): try await sync(request)
      case .watch: await watch()
      }
    } catch {
      // Who has gone hears nothing more.
      guard error.kind != .disconnected else { return }
      await refuse(Refusal(exitCode: 64, text: error.text))
    }
  }

  func refuse(_ refusal: Refusal) async {
    do throws(ControlError) {
      try await send(.refused(refusal))
    } catch {
      // The caller is gone, and with it whoever would have read the refusal.
      return
    }
  }

  // MARK: Requests

  private func requestLine() async throws(ControlError) -> [UInt8]? {
    let deadline = Loop.task { [clock, stream, requestDeadline] in
      // A caller that says nothing holds no place for ever.
      if await clock.passes(requestDeadline) { stream.close() }
    }
    defer { deadline.cancel() }
    var lines = LineSplitter(limit: ControlWire.requestLengthMax)
    while true {
      if let line = try lines.next() { return line }
      let bytes = try await read()
      if bytes.isEmpty { return nil }
      lines.append(bytes)
    }
  }

  private func request(from line: [UInt8]) throws(ControlError) -> ControlRequest {
    let version = try ControlWire.value(RequestVersion.self, from: line).version
    guard version == ControlWire.version else {
      throw ControlError(
        .otherVersion,
        "this martlet speaks version \(ControlWire.version) on its control socket, not \(version): restart it after "
          + "an upgrade")
    }
    return try ControlWire.value(ControlRequest.self, from: line)
  }

  private func sync(_ request: SyncRequest) async throws(ControlError) {
    let result = await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.tellProgress() }
      let result = await service.sync(request) { [weak self] in self?.unsaid[$0.account] = $0 }
      // A line that is being written is written to its end, however long that takes: half of it would spoil the report.
      hasResult = true
      pause?.cancel()
      return result
    }
    switch result {
    case .success(let report):
      let (pieces, rest) = report.inPieces()
      for piece in pieces { try await send(.piece(piece)) }
      try await send(.report(rest))
    case .failure(let refusal): try await send(.refused(refusal))
    }
  }

  private func tellProgress() async {
    while await intervalPasses() {
      let news = unsaid.values.sorted { $0.account < $1.account }
      unsaid.removeAll()
      do throws(ControlError) {
        for progress in news where !hasResult { try await send(.progress(progress)) }
      } catch {
        // The caller has gone; the pass that it asked for goes on to its end.
        return
      }
    }
  }

  /// False where there is nothing more to tell.
  private func intervalPasses() async -> Bool {
    guard !hasResult else { return false }
    let pause = Loop.task { [clock] in await clock.passes(ControlServer.progressInterval) }
    self.pause = pause
    return await withTaskCancellationHandler {
      await pause.value
    } onCancel: {
      pause.cancel()
    }
  }

  private func watch() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.tellStatus() }
      group.addTask { await self.waitForGoodbye() }
      await group.next()
      group.cancelAll()
    }
  }

  private func tellStatus() async {
    var generation = 0
    var last: StatusReport?
    repeat {
      let status = service.status()
      if status != last {
        do throws(ControlError) { try await send(.status(status)) } catch { return }
        last = status
      }
      generation = await service.statusChange(since: generation)
    } while await clock.passes(ControlServer.statusInterval)
  }

  private func waitForGoodbye() async {
    do throws(ControlError) {
      while try await !read().isEmpty {
        // One request for each connection: what follows it is not looked at.
      }
    } catch {
      return
    }
  }

  // MARK: The stream

  private func read() async throws(ControlError) -> [UInt8] {
    do {
      return try await stream.read()
    } catch {
      throw ControlError(.disconnected, error.text)
    }
  }

  private func send(_ reply: ControlReply) async throws(ControlError) {
    let line = try ControlWire.line(reply)
    do {
      try await stream.write(line)
    } catch {
      throw ControlError(.disconnected, error.text)
    }
  }
}

extension LoopClock {
  /// False where the task was cancelled first.
  package func passes(_ duration: Duration) async -> Bool {
    do {
      try await sleep(for: duration)
      return true
    } catch {
      return false
    }
  }
}
