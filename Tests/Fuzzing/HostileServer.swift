import Ports

/// A server that says what an input says, whatever it is asked: pieces that end with the mark are followed by the next
/// only when the client has said something, or when everybody waits. Every connection goes on where the last one is.
@Loop
final class HostileServer: Dialer {
  /// Stands for the tag of the oldest command of this connection that it has not stood for yet.
  private static let tagMark: UInt8 = 0x1D

  private var speech: ArraySlice<UInt8>
  private(set) var streams: [HostileStream] = []

  init(_ speech: ArraySlice<UInt8>) { self.speech = speech }

  func dial(_ endpoint: Endpoint) async throws(StreamError) -> any ByteStream {
    guard !speech.isEmpty else { throw StreamError(.unreachable, "connection refused") }
    let stream = HostileStream(self)
    streams.append(stream)
    return stream
  }

  /// Lets a connection hear more that waits for it; false where none does.
  func speak() -> Bool { streams.contains { $0.letGo() } }

  /// What comes next, and whether the mark ends it; empty where nothing is left to say.
  fileprivate func piece(_ tags: inout [[UInt8]]) -> (octets: [UInt8], isHeld: Bool) {
    var octets: [UInt8] = []
    while let octet = speech.popFirst() {
      switch octet {
      case Conversation.mark: return (octets, true)
      case Self.tagMark: octets += tags.isEmpty ? Array("m0".utf8) : tags.removeFirst()
      default: octets.append(octet)
      }
    }
    return (octets, false)
  }
}

/// One connection to it.
@Loop
final class HostileStream: ByteStream {
  private unowned let server: HostileServer
  private var isHeld = false
  private(set) var isClosed = false
  private var waiting: CheckedContinuation<Void, Never>?
  private var tags: [[UInt8]] = []
  private var line: [UInt8] = []
  /// Tags that are remembered; the client never has so many commands unanswered.
  private static let tagsMax = 1000

  init(_ server: HostileServer) { self.server = server }

  var isConfidential: Bool { true }

  func read() async throws(StreamError) -> [UInt8] {
    while true {
      guard !isClosed else { throw StreamError(.closed, "closed by us") }
      if !isHeld {
        let piece = server.piece(&tags)
        isHeld = piece.isHeld
        // Two marks in a row: silence until the client has spoken twice.
        if !piece.octets.isEmpty || !isHeld { return piece.octets }
      }
      await withCheckedContinuation { waiting = $0 }
    }
  }

  func write(_ bytes: [UInt8]) async throws(StreamError) {
    guard !isClosed else { throw StreamError(.closed, "closed by us") }
    for byte in bytes {
      guard byte == 0x0A else {
        line.append(byte)
        continue
      }
      let tag = line.prefix { $0 != 0x20 }
      if tag.first == UInt8(ascii: "m"), tags.count < Self.tagsMax { tags.append(Array(tag)) }
      line = []
    }
    _ = letGo()
  }

  func startTLS() async throws(StreamError) {
    guard !isClosed else { throw StreamError(.closed, "closed by us") }
  }

  func close() {
    isClosed = true
    wake()
  }

  /// False where nobody waits to hear.
  fileprivate func letGo() -> Bool {
    guard waiting != nil else { return false }
    isHeld = false
    wake()
    return true
  }

  private func wake() {
    let woken = waiting
    waiting = nil
    woken?.resume()
  }
}
