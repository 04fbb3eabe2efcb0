import Glibc

/// Swift gives each process, and each set, its own order of hashing. A world that is to be replayed needs one for all.
enum Determinism {
  private static let variable = "SWIFT_DETERMINISTIC_HASHING"

  /// Returns where the order is fixed; else the program begins anew with it.
  static func demand() {
    guard unsafe getenv(variable) == nil else { return }
    unsafe setenv(variable, "1", 1)
    let arguments = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
    unsafe execv("/proc/self/exe", arguments)
    complain("cannot begin anew with \(variable): \(unsafe String(cString: strerror(errno)))")
    exit(71)
  }
}
