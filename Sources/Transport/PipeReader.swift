import CLinux
import Glibc
import Mail
import Ports
import Reactor

/// A pipe from a child, emptied as it fills so that the child never waits for us; what is kept is bounded.
@Loop
final class PipeReader {
  enum Keeping { case first, last }

  private static let roomAtFirst = 4096

  private let limit: Int
  private let keeping: Keeping
  private let descriptor: FileDescriptor
  private var watch: ReadinessWatch?
  private(set) var bytes: [UInt8] = []
  private(set) var hasOverflowed = false
  private let onOverflow: (@Loop () -> Void)?

  private init(
    _ reactor: Reactor, _ descriptor: consuming FileDescriptor, limit: Int, keeping: Keeping,
    onOverflow: (@Loop () -> Void)?
  ) {
    self.limit = limit
    self.keeping = keeping
    self.onOverflow = onOverflow
    // A password fits, so that no growing leaves a copy of it behind.
    if keeping == .first { bytes.reserveCapacity(Self.roomAtFirst) }
    let number = descriptor.number
    self.descriptor = descriptor
    let watch = ReadinessWatch(reactor, descriptor: number, for: .readable) { [weak self] _ in self?.take() }
    self.watch = watch
    watch.start()
  }

  isolated deinit { watch?.stop() }

  /// Reads what is there now.
  func take() {
    while true {
      let buffer = unsafe ReadBuffer.shared
      let count = unsafe Glibc.read(descriptor.number, buffer.baseAddress, buffer.count)
      if count > 0 {
        var piece = ReadBuffer.copy(count)
        keep(piece)
        // It may be a password.
        Mail.wipe(&piece)
        ReadBuffer.wipe(count)
      } else if count < 0, errno == EINTR {
        continue
      } else {
        // At the end, or on an error, there is nothing more to come.
        if count == 0 || errno != EAGAIN { watch?.stop() }
        return
      }
    }
  }

  /// Forgets what was kept, and leaves none of it in memory.
  func wipe() { Mail.wipe(&bytes) }

  private func keep(_ piece: [UInt8]) {
    switch keeping {
    case .first:
      let room = limit - bytes.count
      bytes.append(contentsOf: piece.prefix(room))
      guard piece.count > room, !hasOverflowed else { return }
      hasOverflowed = true
      onOverflow?()
    case .last:
      bytes.append(contentsOf: piece.suffix(limit))
      if bytes.count > limit { bytes.removeFirst(bytes.count - limit) }
    }
  }

  /// Makes a pipe and runs `body` with the end that is the child's; that end is closed afterwards.
  static func make<Result>(
    _ reactor: Reactor, limit: Int, keeping: Keeping, onOverflow: (@Loop () -> Void)? = nil,
    _ body: @Loop (PipeReader, Int32) throws(StreamError) -> Result
  ) throws(StreamError) -> Result {
    var ends: [Int32] = [-1, -1]
    guard unsafe clinux_pipe(&ends) == 0, let ours = FileDescriptor(owning: ends[0]),
      let theirs = FileDescriptor(owning: ends[1])
    else { throw StreamError(.unreachable, "a pipe could not be made: \(systemError(errno))") }
    let reader = PipeReader(reactor, ours, limit: limit, keeping: keeping, onOverflow: onOverflow)
    return try body(reader, theirs.number)
  }
}
