import Foundation

/// What the command line says: a subcommand, then `--name value` pairs.
struct Options: Sendable {
  /// The program to measure.
  var martlet: String
  var samples = 30
  /// Messages in INBOX where latencies are measured.
  var inbox = 2_000
  /// Messages of the whole account where passes are measured.
  var messages = 20_000
  var folders = 20
  var runs = 3
  var minutes = 10.0
  var seed: UInt64 = 1
  /// Nil: all there are.
  var servers: Set<String>?
  var programs: Set<String>?
  var changes: Set<String>?
  /// Whether passes are measured over TLS; latencies always are.
  var isTLS = false
  /// Where logs are kept, if they are to outlive the run.
  var logFolder: String?

  static let usage = """
    usage: bench push|first|empty|idle|imap2imap|all [OPTION VALUE]...

      --martlet PROGRAM   the program to measure (default: .build/release/martlet of the checkout)
      --samples N         samples of each latency (30)
      --inbox N           messages in INBOX: push, imap2imap (2000)
      --messages N        messages of the account: first, empty, idle (20000)
      --folders N         folders, all of them watched (20)
      --runs N            interleaved runs: first (3), empty (ten times as many)
      --minutes M         length of: idle (10)
      --seed N            of mail, gaps and order (1)
      --servers A,B       dovecot-idle, dovecot-notify, cyrus
      --programs A,B      floor, martlet, notifier, mbsync, offlineimap
      --changes A,B       only these: append lmtp flag expunge move file linked unlink …
      --tls yes|no        first and empty over TLS (no); latencies always are over TLS, but for the floor
      --logs FOLDER       keeps martlet's logs there
    """

  init(_ arguments: some Sequence<String>) throws {
    martlet = Self.checkout + "/.build/release/martlet"
    var rest = Array(arguments)[...]
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { throw BenchError("\(name) wants a value\n\(Self.usage)") }
      switch name {
      case "--martlet": martlet = value
      case "--samples": samples = try Self.number(value, name)
      case "--inbox": inbox = try Self.number(value, name)
      case "--messages": messages = try Self.number(value, name)
      case "--folders": folders = try Self.number(value, name)
      case "--runs": runs = try Self.number(value, name)
      case "--minutes": minutes = try Self.number(value, name)
      case "--seed": seed = try Self.number(value, name)
      case "--servers": servers = Self.list(value)
      case "--programs": programs = Self.list(value)
      case "--changes": changes = Self.list(value)
      case "--tls": isTLS = value == "yes"
      case "--logs": logFolder = value
      default: throw BenchError("unknown option \(name)\n\(Self.usage)")
      }
    }
    guard folders >= 2 else { throw BenchError("--folders: at least 2, INBOX and one to move to") }
  }

  func includes(server: String) -> Bool { servers?.contains(server) ?? true }
  func includes(program: String) -> Bool { programs?.contains(program) ?? true }
  func includes(change: String) -> Bool { changes?.contains(change) ?? true }

  /// The program to measure, or the reason why it cannot be.
  func requireMartlet() throws {
    guard FileManager.default.isExecutableFile(atPath: martlet) else {
      throw BenchError("there is no program \(martlet): build it with 'make release', or name it with --martlet")
    }
  }

  private static func list(_ value: String) -> Set<String> { Set(value.split(separator: ",").map(String.init)) }

  private static func number<Number: LosslessStringConvertible & Numeric & Comparable>(
    _ value: String, _ name: String
  ) throws -> Number {
    guard let number = Number(value), number > 0 else { throw BenchError("\(name): '\(value)' is no number above 0") }
    return number
  }

  /// This file's package is the checkout's `Benchmarks`.
  private static var checkout: String {
    URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  }
}
