import Glibc
import Ports
import Reactor

/// A lock that lasts as long as the descriptor it was taken by.
@Loop
final class DiskFileLock: FileLock {
  private var descriptor: FileDescriptor?

  init(_ descriptor: consuming FileDescriptor) { self.descriptor = consume descriptor }

  isolated deinit { release() }

  func release() {
    guard let descriptor = descriptor.take() else { return }
    // Closing alone would leave it to a command that another thread is starting at this moment, until its exec.
    flock(descriptor.number, LOCK_UN)
  }
}
