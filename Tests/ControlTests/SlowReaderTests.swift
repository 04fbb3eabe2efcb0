import Ports
import Reactor
import Testing

@testable import Control

@Suite("A caller who reads slowly")
struct SlowReaderTests {
  @Test("gets the report whole, although the sync ends while a line of its progress is being written")
  func stopped() async throws {
    try await Reactor.onShared {
      let clock = ReactorClock(Reactor.startShared())
      let (service, holding) = (RecordingService(), WaitingPlace<Void>())
      service.progress = [Sample.progress]
      service.holding = holding
      let stream = SlowStream(try ControlWire.line(ControlRequest.sync(Sample.syncRequest)))
      let caller = ControlCaller(stream, service, clock: clock, requestDeadline: .seconds(600))
      let life = Loop.task { await caller.serve() }
      while !stream.room.isOccupied { try await clock.sleep(for: .milliseconds(5)) }
      holding.resume(returning: ())
      // Long enough for whatever the end of the sync does to what is being written.
      try await clock.sleep(for: .milliseconds(50))
      stream.room.resume(returning: ())
      await life.value
      var lines = LineSplitter(limit: ControlWire.replyLengthMax)
      lines.append(stream.written)
      var replies: [ControlReply] = []
      while let line = try lines.next() { replies.append(try ControlWire.value(ControlReply.self, from: line)) }
      #expect(replies.first == .progress(Sample.progress))
      guard case .report? = replies.last else {
        Issue.record("there is no report: \(replies)")
        return
      }
    }
  }
}

/// Takes half of the first line, and the rest when there is room for it.
@Loop
private final class SlowStream: ByteStream {
  let room = WaitingPlace<Void>()
  private(set) var written: [UInt8] = []
  private var request: [UInt8]
  let isConfidential = true

  init(_ request: [UInt8]) { self.request = request }

  func read() async throws(StreamError) -> [UInt8] {
    defer { request = [] }
    return request
  }

  func write(_ bytes: [UInt8]) async throws(StreamError) {
    guard written.isEmpty else { return written += bytes }
    written += bytes.prefix(bytes.count / 2)
    guard await room.wait() != nil else { throw StreamError(.cancelled, "cancelled") }
    written += bytes.dropFirst(bytes.count / 2)
  }

  func startTLS() async throws(StreamError) {}
  func close() {}
}
