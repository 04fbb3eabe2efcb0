package import Ports

/// A command's end of the control socket: one request, and what comes back.
@Loop
package final class ControlClient {
  private let stream: any ByteStream
  private var lines = LineSplitter(limit: ControlWire.replyLengthMax)

  package init(_ stream: any ByteStream) { self.stream = stream }

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

  package func status() async throws(ControlError) -> Result<StatusReport, Refusal> {
    try await send(.status)
    switch try await reply() {
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
      throw ControlError(.disconnected, "martlet closed the control socket: \(error.text)")
    }
  }

  private var unfinished: ControlError {
    ControlError(.disconnected, "martlet closed the control socket before it had answered")
  }
}
