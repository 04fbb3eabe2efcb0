import Foundation
import Glibc

/// One `posix_spawn`: the program leads a process group of its own and inherits the three standard files only.
struct Spawn {
  /// The program's path, then what it is told.
  var arguments: [String]
  /// Nil: this process's own.
  var environment: [String: String]?
  var directory: String?
  /// Nil: /dev/null. The caller keeps its descriptors and closes them.
  var input: Int32?
  var output: Int32?
  var errors: Int32?

  init(
    arguments: [String], environment: [String: String]? = nil, directory: String? = nil, input: Int32?,
    output: Int32?, errors: Int32?
  ) {
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.input = input
    self.output = output
    self.errors = errors
  }

  func start() throws -> pid_t { try Inheritance.excluded { try startAlone() } }

  private func startAlone() throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (target, source) in [(Int32(0), input), (1, output), (2, errors)] {
      if let source {
        unsafe posix_spawn_file_actions_adddup2(&actions, source, target)
      } else {
        unsafe posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
      }
    }
    // Swift's Glibc has no closefrom. A descriptor that is closed meanwhile does no harm: spawn ignores that.
    for descriptor in try Self.openDescriptors() where descriptor > 2 {
      unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
    }

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // Signals as they are by default, none blocked: the runner's own arrangements are not the program's.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

    // `env -C`, because Swift's Glibc has no spawn action for it either. env replaces itself by the program.
    let words = directory.map { ["/usr/bin/env", "-C", $0] + arguments } ?? arguments
    var process: pid_t = 0
    let code = unsafe withCStrings(words) { arguments in
      unsafe withCStrings(environmentWords) { environment in
        unsafe posix_spawnp(&process, words[0], &actions, &attributes, arguments, environment)
      }
    }
    guard code == 0 else { throw SupportError.system("cannot run \(arguments[0])", code: code) }
    return process
  }

  private static func openDescriptors() throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
  }

  private var environmentWords: [String] {
    (environment ?? ProcessInfo.processInfo.environment).map { "\($0.key)=\($0.value)" }
  }
}

/// Calls `body` with `texts` as C sees them: pointers ended by a null one, valid during the call.
private func withCStrings<Result>(
  _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers = unsafe texts.map { unsafe strdup($0) } + [nil]
  defer {
    unsafe pointers.forEach { unsafe free($0) }
  }
  return unsafe body(&pointers)
}
