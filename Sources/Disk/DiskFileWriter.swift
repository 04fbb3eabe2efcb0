import Glibc
import Mail
import Ports
import Reactor

/// A new file being written.
@Loop
final class DiskFileWriter: FileWriter {
  private let path: String
  /// The open descriptor; -1 once closed.
  private var number: Int32

  init(_ path: String, number: Int32) {
    self.path = path
    self.number = number
  }

  isolated deinit { abandon() }

  func write(_ bytes: [UInt8]) throws(FileError) {
    guard number >= 0 else { throw FileError(.failed, path: path, "write \(printable(path)): it was closed") }
    var written = 0
    while written < bytes.count {
      let count = uninterrupted {
        unsafe bytes.withUnsafeBytes {
          unsafe Glibc.write(number, $0.baseAddress?.advanced(by: written), $0.count - written)
        }
      }
      guard count >= 0 else { throw FileError("write", path, errno: errno) }
      written += count
    }
  }

  func finish(modified: InternalDate?) throws(FileError) {
    guard number >= 0 else { throw FileError(.failed, path: path, "close \(printable(path)): it was closed") }
    let number = number
    self.number = -1
    var failure: FileError?
    if let modified {
      let times = FileTimes(modified)
      if unsafe futimens(number, times.pair) != 0 { failure = FileError("date", path, errno: errno) }
    }
    // NFS and quotas tell here; whatever it says, the number is free.
    if close(number) != 0, errno != EINTR { failure = failure ?? FileError("close", path, errno: errno) }
    if let failure { throw failure }
  }

  func abandon() {
    guard number >= 0 else { return }
    // What it says of the content does not matter any more.
    close(number)
    number = -1
  }
}

/// The two times of `futimens`: the access time stays.
struct FileTimes {
  let pair: [timespec]

  init(_ modified: InternalDate) {
    // UTIME_OMIT, which is not imported.
    let omitted = (1 << 30) - 2
    pair = [timespec(tv_sec: 0, tv_nsec: omitted), timespec(tv_sec: Int(modified.secondsSince1970), tv_nsec: 0)]
  }
}
