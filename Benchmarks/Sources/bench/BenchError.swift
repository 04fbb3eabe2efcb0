import Glibc

/// Why a measurement could not be taken or does not count: what failed, on what.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }

  /// A system call that failed just now.
  static func system(_ what: String) -> BenchError {
    let code = errno
    return BenchError("\(what): \(unsafe String(cString: strerror(code)))")
  }
}
