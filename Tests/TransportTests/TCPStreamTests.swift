import Glibc
import Ports
import Reactor
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct TCPStreamTests {
  @Loop private static func connected() async throws -> (any ByteStream, PlainServer.Peer) {
    let server = try PlainServer()
    async let peer = server.accept()
    let stream = try await TransportDialer(reactor: Reactor.startShared()).dial(.host(server.endpoint))
    return (stream, await peer)
  }

  @Test("bytes go both ways, and loopback is confidential without TLS (L13)")
  func bothWays() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.connected()
      await peer.send("* OK ready\r\n")
      #expect(try await stream.read() == Array("* OK ready\r\n".utf8))
      try await stream.write("a NOOP\r\n")
      #expect(await peer.receive(8) == Array("a NOOP\r\n".utf8))
      #expect(stream.isConfidential)
      stream.close()
    }
  }

  @Test("a peer that only ends its own direction is read to the end, and still hears us")
  func halfClosed() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.connected()
      await peer.send("* BYE\r\n")
      peer.endWriting()
      #expect(try await stream.read(count: 100) == Array("* BYE\r\n".utf8))
      #expect(try await stream.read() == [])
      try await stream.write("late")
      #expect(await peer.receive(4) == Array("late".utf8))
    }
  }

  @Test("a reset ends the read as closed, with the server's name and the system's reason")
  func reset() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.connected()
      let reading = Loop.beside { () throws(StreamError) in try await stream.read() }
      await settle()
      peer.reset()
      guard case .failure(let error) = await reading.value else { return #expect(Bool(false), "it was read") }
      #expect(error.kind == .closed)
      #expect(error.text.hasPrefix("port ") && error.text.contains("reset"))
    }
  }

  @Test("close ends what is pending as closed, and what comes after it too")
  func close() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.connected()
      let reading = Loop.beside { () throws(StreamError) in try await stream.read() }
      let writing = Loop.beside { () throws(StreamError) in
        try await stream.write([UInt8](repeating: 7, count: 64 << 20))
      }
      await settle()
      stream.close()
      stream.close()
      #expect(await reading.value.failureKind == .closed)
      #expect(await writing.value.failureKind == .closed)
      #expect(await failure { () throws(StreamError) in try await stream.read() }.kind == .closed)
      #expect(await failure { () throws(StreamError) in try await stream.write([1]) }.kind == .closed)
      withExtendedLifetime(peer) {}
    }
  }

  @Test("a cancelled read takes no bytes with it; a cancelled write ends at once")
  func cancellation() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.connected()
      let reading = Loop.beside { () throws(StreamError) in try await stream.read() }
      await settle()
      reading.cancel()
      #expect(await reading.value.failureKind == .cancelled)
      await peer.send("still there")
      #expect(try await stream.read() == Array("still there".utf8))
      let writing = Loop.beside { () throws(StreamError) in
        try await stream.write([UInt8](repeating: 7, count: 64 << 20))
      }
      await settle()
      writing.cancel()
      #expect(await writing.value.failureKind == .cancelled)
      withExtendedLifetime(peer) {}
    }
  }

  @Test("reading goes on while a write waits for a peer that does not read")
  func readsWhileWriting() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.connected()
      let size = 64 << 20
      let writing = Loop.beside { () throws(StreamError) in
        try await stream.write([UInt8](repeating: 7, count: size))
      }
      await settle()
      await peer.send("meanwhile")
      #expect(try await stream.read() == Array("meanwhile".utf8))
      async let received = peer.receive(size).count
      #expect(await writing.value.failureKind == nil)
      #expect(await received == size)
    }
  }

  @Test("50 MB each way at once arrive whole, in pieces of at most 64 KiB")
  func transfer() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.connected()
      let bytes = pattern(50 << 20)
      let writing = Loop.beside { () throws(StreamError) in try await stream.write(bytes) }
      async let sent: Void = peer.send(bytes)
      async let atPeer = peer.receive(bytes.count)
      var received: [UInt8] = []
      var largest = 0
      while received.count < bytes.count {
        let piece = try await stream.read()
        if piece.isEmpty { break }
        largest = max(largest, piece.count)
        received += piece
      }
      await sent
      #expect(await writing.value.failureKind == nil)
      let isWhole = areEqual(received, bytes)
      let isWholeAtPeer = areEqual(await atPeer, bytes)
      #expect(isWhole && isWholeAtPeer)
      #expect(largest <= 65536)
    }
  }

  @Test("a stream that always has bytes to read leaves others their turn")
  func fairness() async throws {
    try await Reactor.onShared {
      let (stream, peer) = try await Self.connected()
      async let sent: Void = peer.send([UInt8](repeating: 1, count: 32 << 20))
      let other = Loop.task {
        var turns = 0
        while !Task.isCancelled {
          turns += 1
          await Task.yield()
        }
        return turns
      }
      #expect(try await stream.read(count: 32 << 20).count == 32 << 20)
      await sent
      other.cancel()
      #expect(await other.value >= 16)
    }
  }
}
