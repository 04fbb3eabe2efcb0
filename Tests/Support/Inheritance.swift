import Foundation
import Glibc
import Synchronization

/// What a program that is started gets of this process's open files: nothing but what it is given.
///
/// Another thread may start a program at any moment. It would inherit a pipe between its making and its mark "close on
/// exec", and the pipe's reader wait for an end that does not come; and a file that is being written, which stays open
/// for writing in the program when we have long closed it.
enum Inheritance {
  private static let lock = Mutex(())

  /// Calls `body` while no program is started, or starts one while nothing of that kind is open.
  static func excluded<Result>(_ body: () throws -> Result) rethrows -> Result {
    try lock.withLock { _ in try body() }
  }

  /// Writes a file that no program inherits: closed by us, it is being written by nobody.
  static func write(_ bytes: [UInt8], to path: String) throws {
    try excluded { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
  }
}

/// The two ends of a pipe, which no program inherits but as a standard file.
struct Pipe {
  let readEnd: Int32
  let writeEnd: Int32

  static func make() throws -> Pipe {
    try Inheritance.excluded {
      var ends: [Int32] = [-1, -1]
      guard unsafe pipe(&ends) == 0 else { throw SupportError.system("pipe", code: errno) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return Pipe(readEnd: ends[0], writeEnd: ends[1])
    }
  }
}
