import CLinux
import Glibc
import Mail
package import Ports

/// One martlet at a time on an account: a lock on `lock` in its state directory, held as long as this object lives and
/// let go by the kernel however the process ends.
///
/// It is the file's lock that counts, not its content or presence, so there is no stale lock to clear away. The file
/// stays: removing it would let a third process lock another file of the same name.
package final class AccountLock: Sendable {
  package static let fileName = "lock"

  /// In a line of the file, before that of the daemon's socket.
  private static let daemonMark = "daemon"
  /// A longer one has a path that no socket can have.
  private static let noteLengthMax = 256

  private let descriptor: CInt

  /// How long a holder that is dead already may take to let go.
  private static let dyingMilliseconds = 1000

  /// Makes the state directory where it is missing. Waits for nobody who lives.
  ///
  /// - Parameters:
  ///   - processID: the process that people know us by, for the message to the next one.
  ///   - controlSocket: where commands may expect it to answer them; nil for what is no daemon.
  package init(
    directory: String, processID: Int32 = getpid(), controlSocket: String? = nil
  ) throws(AccountLockError) {
    do {
      try StateDirectory.prepare(directory)
    } catch {
      throw .unusable(error)
    }
    let path = directory + "/" + Self.fileName
    // Closed on exec: a tunnel that outlives us must not go on holding the account.
    let descriptor = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw Self.unusable(path, errno) }
    guard Self.lock(descriptor) else {
      let reason = errno
      let holder = Self.processes(in: descriptor)
      close(descriptor)
      guard reason == EWOULDBLOCK else { throw Self.unusable(path, reason) }
      throw .held(directory: directory, processID: holder?.known)
    }
    self.descriptor = descriptor
    Self.note(Processes(known: processID, holding: getpid(), controlSocket: controlSocket), descriptor)
  }

  /// What the file says: nothing counts of it but who to name.
  private struct Processes {
    /// That people know, and send signals to.
    let known: Int32
    /// That the kernel knows; the same one, or one that dies a moment after it.
    let holding: Int32
    /// Of a daemon; empty where it did not tell, as those of older releases.
    let controlSocket: String?
  }

  private static func lock(_ descriptor: CInt) -> Bool {
    for _ in 0..<(dyingMilliseconds / 5) {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
      let reason = errno
      guard reason == EWOULDBLOCK, let holder = processes(in: descriptor)?.known, isDead(holder) else {
        errno = reason
        return false
      }
      poll(nil, 0, 5)
    }
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0
  }

  /// Also where it waits to be reaped.
  private static func isDead(_ processID: Int32) -> Bool {
    let watched = clinux_pidfd_open(processID)
    guard watched >= 0 else { return errno == ESRCH }
    defer { close(watched) }
    var source = pollfd(fd: watched, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&source, 1, 0) > 0
  }

  deinit {
    // In so many words: a child that is just being started has the descriptor, too, until it is another program.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// The process that holds the account, as people know it, without touching the lock; nil where none does, or the
  /// kernel does not say.
  package static func holder(directory: String) -> Int32? {
    let descriptor = unsafe open(directory + "/" + fileName, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, let holder = processes(in: descriptor) else { return nil }
    // `1: FLOCK  ADVISORY  WRITE 123 08:01:4711 0 EOF` (proc_locks(5)); the device is not always that of stat(2).
    let isHeld = content(of: "/proc/locks").split(separator: "\n").contains { line in
      let words = line.split(separator: " ")
      return words.count > 5 && words[1] == "FLOCK" && words[4] == "\(holder.holding)"
        && words[5].hasSuffix(":\(status.st_ino)")
    }
    return isHeld ? holder.known : nil
  }

  /// Where the daemon listens whose account it is, or is about to be again: so also in the moment in which one process
  /// of the daemon's has let go of the lock and the next has yet to take it. Empty where that is not told; nil where
  /// there is no daemon.
  package static func daemonSocket(directory: String) -> String? {
    let descriptor = unsafe open(directory + "/" + fileName, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard let holder = processes(in: descriptor), let socket = holder.controlSocket, !isDead(holder.known) else {
      return nil
    }
    // Its number may be another program's by now.
    return content(of: "/proc/\(holder.known)/comm") == content(of: "/proc/self/comm") ? socket : nil
  }

  /// Empty where it cannot be read.
  private static func content(of path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return String(decoding: content, as: UTF8.self) }
      content += buffer[..<count]
    }
  }

  /// For who comes next only; that the write may fail changes nothing of the lock.
  private static func note(_ processes: Processes, _ descriptor: CInt) {
    let lines =
      ["\(processes.known)", "\(processes.holding)"] + (processes.controlSocket.map { [daemonMark, $0] } ?? [])
    let text = Array(lines.map { $0 + "\n" }.joined().utf8)
    guard ftruncate(descriptor, 0) == 0 else { return }
    _ = unsafe pwrite(descriptor, text, text.count, 0)
  }

  private static func processes(in descriptor: CInt) -> Processes? {
    var bytes = [UInt8](repeating: 0, count: noteLengthMax)
    let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    // What has no end was cut off.
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false
    )
    .dropLast()
    guard let known = lines.first.flatMap({ Int32($0) }) else { return nil }
    let holding = lines.dropFirst().first.flatMap { Int32($0) } ?? known
    let isDaemon = lines.dropFirst(2).first == daemonMark[...]
    return Processes(
      known: known, holding: holding,
      controlSocket: isDaemon ? String(lines.dropFirst(3).joined(separator: "\n")) : nil)
  }

  private static func unusable(_ path: String, _ reason: CInt) -> AccountLockError {
    let text = "cannot lock \(printable(path)): \(unsafe String(cString: strerror(reason)))"
    return .unusable(LedgerError(text, StateDirectory.kind(of: reason)))
  }
}

package enum AccountLockError: Error, Hashable, Sendable {
  /// Exit code 75. The process is nil where the holder has not yet written its number.
  case held(directory: String, processID: Int32?)
  case unusable(LedgerError)

  /// For a person.
  package var text: String {
    switch self {
    case .held(let directory, let processID):
      let holder = processID.map { " (process \($0))" } ?? ""
      return "another martlet\(holder) holds the account in \(printable(directory)); stop it, or try again later"
    case .unusable(let error): return error.text
    }
  }
}
