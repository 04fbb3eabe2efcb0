import Glibc
import Mail
package import Ports
import Reactor

/// A command's stdin and stdout as a stream: a preauthenticated server behind `ssh`, say. Its stderr becomes part of the
/// error when it dies. Closing ends its whole process group.
@Loop
package final class CommandStream: ByteStream {
  /// The last words of a command, for the error's text.
  nonisolated static let errorLimit = 1024
  /// After the stream has ended, so long for the command to end, so that its status can be told.
  static let endPatience = Duration.seconds(1)

  private let reactor: Reactor
  private let socket: Socket
  private let child: any StartedCommand
  private let errors: PipeReader
  private let ending = WaitingPlace<Void>()
  private var hasSpoken = false

  init(_ reactor: Reactor, command: String, by commands: any CommandStarter) throws(StreamError) {
    self.reactor = reactor
    // No word of it: any may be, or hold, a secret (law L13). Whoever tells of it says that it is a tunnel's.
    let name = "the command"
    // A socket pair, not pipes: both ways in one descriptor, and a write to a dead command is no signal.
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0, let ours = FileDescriptor(owning: ends[0]),
      let theirs = FileDescriptor(owning: ends[1]), fcntl(ours.number, F_SETFL, O_NONBLOCK) == 0
    else { throw StreamError(.unreachable, "\(name): no socket pair: \(systemError(errno))") }
    (child, errors) = try PipeReader.make(reactor, limit: Self.errorLimit, keeping: .last) {
      (reader, end) throws(StreamError) in
      let child = try commands.start(command, input: theirs.number, output: theirs.number, error: end)
      return (child, reader)
    }
    socket = Socket(reactor, ours, name: name, isTCP: false)
  }

  isolated deinit { close() }

  /// The bytes do not leave the machine unless the command protects them; choosing it is the user's trust.
  package var isConfidential: Bool { true }

  package func read() async throws(StreamError) -> [UInt8] {
    do throws(StreamError) {
      if let bytes = try await socket.complete(.reader, "reading", { socket.receive() }) {
        hasSpoken = true
        return bytes
      }
    } catch {
      // A command that ends with our bytes unread resets the stream: an end like any other.
      guard error.kind == .closed, socket.isOpen else { throw error }
    }
    try await explainEnd()
    return []
  }

  package func write(_ bytes: [UInt8]) async throws(StreamError) {
    try await socket.send(all: bytes) { socket.send(bytes, from: $0) }
  }

  package func startTLS() async throws(StreamError) {
    throw StreamError(.untrusted, "\(socket.name): TLS inside a tunnel is not supported; the tunnel protects the bytes")
  }

  package func close() {
    guard socket.isOpen else { return }
    socket.close()
    ending.resume(returning: ())
    child.release(.terminate)
  }

  /// Returns where the command has done its work and ended well; throws its last words otherwise.
  private func explainEnd() async throws(StreamError) {
    if child.end == nil {
      let timer = LoopTimer(reactor) { [ending] in ending.resume(returning: ()) }
      timer.start(after: Self.endPatience)
      child.whenEnded { [ending] _ in ending.resume(returning: ()) }
      let waited: Void? = await ending.wait()
      timer.cancel()
      child.look()
      guard waited != nil else { throw StreamError(.cancelled, "\(socket.name): reading was cancelled") }
      guard socket.isOpen else { throw StreamError(.closed, "\(socket.name): reading: the stream was closed") }
    }
    errors.take()
    let words = lastWords(errors.bytes)
    if hasSpoken, words.isEmpty, child.end == .exited(0) { return }
    let end = child.end?.text ?? "closed its output"
    let text = "\(socket.name) \(end)" + (words.isEmpty ? "" : ": \(words)")
    throw StreamError(hasSpoken ? .closed : .unreachable, text)
  }
}

/// What a command said on stderr, printable, on one line.
func lastWords(_ bytes: [UInt8]) -> String {
  let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
  return printable(lines.joined(separator: " / "), limit: CommandStream.errorLimit)
}
