import Ports

/// A process's end of a simulated connection.
@Loop
final class NetworkStream: ByteStream {
  private let number: Int
  private let life: Lifeline
  var link: NetworkLink?
  private(set) var isConfidential: Bool
  private var arrivals: [UInt8] = []
  private var head = 0
  private var hasEnded = false
  private var isClosed = false
  private var reader: CheckedContinuation<Void, Never>?

  static let readMax = 64 << 10

  init(_ number: Int, _ life: Lifeline, isConfidential: Bool) {
    self.number = number
    self.life = life
    self.isConfidential = isConfidential
  }

  func read() async throws(StreamError) -> [UInt8] {
    while true {
      if isClosed { throw StreamError(.closed, "closed by us") }
      if head < arrivals.count { return take() }
      if hasEnded {
        // As the real one does now and then: who reads past the end must not keep the loop for itself.
        await Task.yield()
        return []
      }
      guard !Task.isCancelled else { throw StreamError(.cancelled, "stopped") }
      await wait()
    }
  }

  func write(_ bytes: [UInt8]) async throws(StreamError) {
    guard !isClosed, !life.isDead else { throw StreamError(.closed, "closed by us") }
    guard !hasEnded else { throw StreamError(.closed, "closed by the server") }
    guard life.mayAct("send c\(number) \(Self.excerpt(bytes))") else {
      throw StreamError(.closed, "the process is dead")
    }
    link?.send(.octets(bytes))
  }

  func startTLS() async throws(StreamError) {
    guard !isClosed, !life.isDead else { throw StreamError(.closed, "closed by us") }
    guard head == arrivals.count else { throw StreamError(.untrusted, "the server spoke before TLS") }
    guard link?.isUntrusted != true else {
      throw StreamError(.untrusted, "the certificate is not this server's")
    }
    guard life.mayAct("send c\(number) TLS handshake") else { throw StreamError(.closed, "the process is dead") }
    link?.send(.handshake)
    isConfidential = true
  }

  func close() {
    guard !isClosed else { return }
    let link = link
    die()
    link?.clientClosed()
  }

  /// Nothing comes and nothing goes any more.
  func die() {
    isClosed = true
    link = nil
    arrivals = []
    head = 0
    stir()
  }

  func arrived(_ octets: [UInt8]) {
    guard !isClosed else { return }
    if head == arrivals.count {
      arrivals = octets
      head = 0
    } else {
      arrivals.append(contentsOf: octets)
    }
    stir()
  }

  func arrivedEnd() {
    hasEnded = true
    link = nil
    stir()
  }

  private func take() -> [UInt8] {
    let count = min(arrivals.count - head, Self.readMax)
    defer {
      head += count
      if head == arrivals.count {
        arrivals = []
        head = 0
      }
    }
    return head == 0 && count == arrivals.count ? arrivals : Array(arrivals[head..<(head + count)])
  }

  private func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        let isOver = isClosed || hasEnded || head < arrivals.count || Task.isCancelled
        if isOver { continuation.resume() } else { reader = continuation }
      }
    } onCancel: {
      Loop.task { self.stir() }
    }
  }

  private func stir() {
    let woken = reader
    reader = nil
    woken?.resume()
  }

  /// The command's first words, for the list of effects; nothing of what a login says (law L13).
  private static func excerpt(_ bytes: [UInt8]) -> String {
    let line = bytes.prefix(80).prefix { $0 != 0x0D && $0 != 0x0A }
    guard line.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return "\(bytes.count) octets" }
    let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 3)
    guard words.count > 1, let digit = words[0].last, digit.isNumber,
      ServerVerb(rawValue: "\(words[1])") != nil || words[1] == "UID"
    else { return "\(bytes.count) octets" }
    return words.prefix(words[1] == "UID" ? 3 : 2).joined(separator: " ")
  }
}
