import CLinux
import Glibc
import Mail
package import Ports
package import Reactor

/// A Unix socket (mode 0600) in a directory of our user's, made (mode 0700) where it is missing. A socket that a dead
/// process left is replaced.
@Loop
package final class UnixListener: LocalListener {
  /// Connections that wait to be taken; more are refused by the kernel until some are.
  private static let backlog: Int32 = 64
  /// With no descriptor left, taking is tried again after this long.
  private static let pause: Duration = .seconds(1)

  private let reactor: Reactor
  private let path: String
  private let descriptor: FileDescriptor
  /// By which we know the name as ours when it is taken away.
  private let inode: ino_t
  private let place = WaitingPlace<Void>()
  private var watch: ReadinessWatch?
  private var timer: LoopTimer?

  package init(_ reactor: Reactor, path: String) throws(UnixListenerError) {
    do throws(StreamError) { try UnixSocket.checkLength(path) } catch { throw .unusable(error.text) }
    self.reactor = reactor
    self.path = path
    let directory = try Self.lockedDirectory(of: path)
    guard let descriptor = FileDescriptor(owning: UnixSocket.make()) else { throw Self.unusable("open", path) }
    if UnixSocket.bind(descriptor.number, to: path) != 0 {
      guard errno == EADDRINUSE else { throw Self.unusable("make", path) }
      try Self.clearStale(path)
      guard UnixSocket.bind(descriptor.number, to: path) == 0 else { throw Self.unusable("make", path) }
    }
    var status = stat()
    guard unsafe chmod(path, 0o600) == 0, unsafe lstat(path, &status) == 0,
      listen(descriptor.number, Self.backlog) == 0
    else { throw Self.unusable("listen on", path) }
    inode = status.st_ino
    let number = descriptor.number
    self.descriptor = descriptor
    // The lock on the directory ends here: whoever starts next finds us listening.
    _ = consume directory
    watch = ReadinessWatch(reactor, descriptor: number, for: .readable) { [weak self] _ in self?.wake() }
  }

  isolated deinit { close() }

  package func accept() async throws(CancellationError) -> any ByteStream {
    while let watch {
      let number = clinux_accept(descriptor.number)
      if let accepted = FileDescriptor(owning: number) {
        guard isOurUser(number) else { continue }
        return UnixStream(reactor, accepted, name: printable(path))
      }
      switch errno {
      case EAGAIN: watch.start()
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: rest()
      // The caller went away again, or a signal came.
      case ECONNABORTED, EINTR: continue
      default: throw CancellationError()
      }
      guard await place.wait() != nil else { throw CancellationError() }
    }
    throw CancellationError()
  }

  package func close() {
    guard let watch else { return }
    watch.stop()
    self.watch = nil
    timer?.cancel()
    var status = stat()
    if unsafe lstat(path, &status) == 0, status.st_ino == inode { unsafe unlink(path) }
    place.resume(returning: ())
  }

  private func wake() {
    // Nobody may be waiting; who comes next looks first.
    watch?.stop()
    place.resume(returning: ())
  }

  private func rest() {
    let timer = LoopTimer(reactor) { [weak self] in self?.wake() }
    timer.start(after: Self.pause)
    self.timer = timer
  }

  private func isOurUser(_ socket: Int32) -> Bool {
    var user = uid_t()
    return unsafe clinux_peer_user(socket, &user) == 0 && (user == geteuid() || user == 0)
  }

  // MARK: Making the socket

  /// Makes and opens the directory and locks it, so that of two that start together one sees the other.
  private static func lockedDirectory(of path: String) throws(UnixListenerError) -> FileDescriptor {
    let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST { throw unusable("make", directory) }
    let number = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard let descriptor = FileDescriptor(owning: number) else { throw unusable("open", directory) }
    var status = stat()
    guard unsafe fstat(descriptor.number, &status) == 0, status.st_uid == geteuid() else {
      throw .unusable("\(printable(directory)) belongs to another user; martlet makes no control socket there")
    }
    guard flock(descriptor.number, LOCK_EX) == 0 else { throw unusable("lock", directory) }
    return descriptor
  }

  private static func clearStale(_ path: String) throws(UnixListenerError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
      throw .unusable("\(printable(path)) is there and is not a socket; move it away")
    }
    guard let probe = FileDescriptor(owning: UnixSocket.make()) else { throw unusable("open", path) }
    if UnixSocket.connect(probe.number, to: path) == 0 || errno == EAGAIN { throw .taken(path) }
    guard errno == ECONNREFUSED, unsafe unlink(path) == 0 else { throw unusable("replace", path) }
  }

  private static func unusable(_ action: String, _ path: String) -> UnixListenerError {
    .unusable("cannot \(action) \(printable(path)): \(systemError(errno))")
  }
}

package enum UnixListenerError: Error, Hashable, Sendable {
  /// Another process listens there.
  case taken(String)
  case unusable(String)
}
