import Foundation
import Support

/// A system call of martlet's that changes something or speaks, as strace tells of it.
struct SystemCall: Sendable {
  let name: String
  /// Which of this name in its thread, from 1 on: so strace counts.
  let ordinal: Int
  /// On what: the server, the Maildir, martlet's own state.
  let object: String

  /// Before it, strace is asked to pass over what this machine does not have.
  private static let names = [
    "write", "writev", "pwrite64", "sendto", "sendmsg", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link",
    "linkat", "openat", "mkdir", "mkdirat", "rmdir", "fsync", "fdatasync", "syncfs", "utimensat", "ftruncate",
    "fallocate", "fchmod", "fchmodat", "flock", "connect",
  ]

  /// Runs a command under strace, which writes to `file`, and kills it where it is about to make `call`.
  static func tracing(_ command: [String], to file: String, killingAt call: SystemCall? = nil) -> [String] {
    let names = names.map { "?" + $0 }.joined(separator: ",")
    return ["strace", "-f", "-qq", "-y", "-s", "0", "-o", file, "-e", "trace=" + names]
      + (call.map { ["-e", "inject=\($0.name):signal=KILL:when=\($0.ordinal)"] } ?? []) + command
  }

  /// The calls in the order in which they were made. The last is the one at which the program was killed, if it was.
  static func read(_ file: String) throws -> [SystemCall] {
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: file)), as: UTF8.self)
    var counts: [Substring: Int] = [:]
    return text.split(separator: "\n").compactMap { line in
      guard let match = line.firstMatch(of: /^([0-9]+ +([a-z0-9]+))\((.*)/) else { return nil }
      counts[match.1, default: 0] += 1
      guard let object = object(of: match.2, match.3) else { return nil }
      return SystemCall(name: String(match.2), ordinal: counts[match.1] ?? 0, object: object)
    }
  }

  /// Nil where nothing is changed and nobody spoken to: a wake-up of its own loop, a file opened to be read.
  private static func object(of name: Substring, _ arguments: Substring) -> String? {
    if name == "openat", !arguments.contains("O_CREAT") { return nil }
    // A socket with a path: a question to the name service, or whether a daemon runs.
    if arguments.contains("anon_inode:") || arguments.contains("sun_path") { return nil }
    if arguments.contains("<socket:") || arguments.contains("<TCP:") { return "server" }
    if arguments.contains("/state/") || arguments.contains("/state>") { return "state" }
    if arguments.contains("/Mail/") || arguments.contains("/Mail>") { return "Maildir" }
    return nil
  }
}
