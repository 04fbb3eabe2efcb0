import Mail
import Ports
import Reactor
import Testing

@testable import Engine

/// A server that plays a transcript: lines behind `S:` are said, lines behind `C:` are waited for, `E:` is the end of
/// the stream, `-` a place where the test goes on by itself (`proceed()`). What the client says otherwise is an error
/// of the test, and so is what it does not say.
///
/// Several `S:` lines in a row arrive in one piece.
@Loop
final class ScriptedStream: ByteStream {
  private enum Step: Equatable {
    case says(String)
    case expects(String)
    case ends
    case rests
  }

  private var steps: [Step]
  private var received: [UInt8] = []
  private var isClosed = false
  private var wake: CheckedContinuation<Void, Never>?
  private var watchers: [CheckedContinuation<Void, Never>] = []
  private(set) var isSecured = false
  /// The play is over: what still comes is a goodbye.
  var isLeaving = false
  /// Each write as it came, in lines: what leaves together is one.
  private(set) var writes: [String] = []
  var isConfidential: Bool { isConfidentialFromStart || isSecured }
  private let isConfidentialFromStart: Bool

  init(_ script: String, isConfidential: Bool = true) {
    isConfidentialFromStart = isConfidential
    steps = script.split(separator: "\n").compactMap { line in
      let text = line.drop { $0 == " " }
      if text == "E:" { return .ends }
      if text == "-" { return .rests }
      if text.hasPrefix("S: ") { return .says(String(text.dropFirst(3))) }
      if text.hasPrefix("C: ") { return .expects(String(text.dropFirst(3))) }
      if text.isEmpty { return nil }
      preconditionFailure("no line of a transcript: \(line)")
    }
  }

  /// True where everything was said and heard.
  var isFinished: Bool { steps.isEmpty }

  /// What is still to come, for a failing test.
  var rest: String { steps.map { "\($0)" }.joined(separator: "\n") }

  func hasReachedRest() async {
    while steps.first != .rests, !isClosed { await withCheckedContinuation { watchers.append($0) } }
  }

  /// Lets the server go on where it rests.
  func proceed() async {
    await hasReachedRest()
    if steps.first == .rests { steps.removeFirst() }
    stir()
  }

  func read() async throws(StreamError) -> [UInt8] {
    while true {
      if isClosed { throw StreamError(.closed, "closed by us") }
      var said = ""
      while case .says(let line)? = steps.first {
        steps.removeFirst()
        said += line + "\r\n"
      }
      if !said.isEmpty {
        tellWatchers()
        return Array(said.utf8)
      }
      if steps.first == .ends {
        steps.removeFirst()
        tellWatchers()
        return []
      }
      await withCheckedContinuation { wake = $0 }
    }
  }

  func write(_ bytes: [UInt8]) async throws(StreamError) {
    if isClosed { throw StreamError(.closed, "closed by us") }
    received += bytes
    writes.append(String(decoding: bytes, as: UTF8.self))
    while let end = received.firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: received[..<end], as: UTF8.self).replacing("\r", with: "")
      received.removeSubrange(...end)
      if isLeaving {
        // The goodbye after the play: answered by the end of the stream.
        if line.hasSuffix(" LOGOUT") { steps = [.ends] }
        continue
      }
      guard case .expects(let expected)? = steps.first, expected == line else {
        Issue.record("the client said: \(line)\nexpected was: \(steps.first.map { "\($0)" } ?? "nothing")")
        isClosed = true
        break
      }
      steps.removeFirst()
    }
    stir()
  }

  func startTLS() async throws(StreamError) { isSecured = true }

  func close() {
    isClosed = true
    stir()
  }

  private func stir() {
    let woken = wake
    wake = nil
    woken?.resume()
    tellWatchers()
  }

  private func tellWatchers() {
    let told = watchers
    watchers.removeAll()
    for watcher in told { watcher.resume() }
  }
}

/// Gives out scripted streams, one for each connection.
@Loop
final class ScriptedDialer: Dialer {
  private var streams: [ScriptedStream]
  private(set) var dialed = 0

  init(_ streams: [ScriptedStream]) { self.streams = streams }

  func dial(_ endpoint: Endpoint) async throws(StreamError) -> any ByteStream {
    guard !streams.isEmpty else { throw StreamError(.unreachable, "connection refused") }
    dialed += 1
    return streams.removeFirst()
  }
}
