import Configuration
import Confinement
import Glibc
import LedgerSQLite

/// What the configured accounts need of this machine, as rules for a confined process.
struct ConfinementPlan {
  let paths: Paths
  let environment: Environment
  let accounts: [AccountConfiguration]

  /// Where the C library, OpenSSL and SQLite are told to look; lists have colons.
  private static let variables = [
    "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF", "OPENSSL_MODULES", "LD_LIBRARY_PATH", "TZDIR", "LOCPATH",
  ]
  /// Name servers, by TCP where an answer is long.
  private static let nameServerPort: UInt16 = 53

  var rules: AccessRules {
    var rules = AccessRules()
    rules.places = [.init(paths.stateDirectory, .serve), .init(Self.directory(of: paths.controlSocket), .serve)]
    rules.places += readable(paths.configurationFile)
    for variable in Self.variables {
      let listed = environment[variable]?.split(separator: ":").map(String.init) ?? []
      rules.places += listed.filter { $0.hasPrefix("/") }.map { .init($0, .read) }
    }
    rules.ports = [Self.nameServerPort]
    for account in accounts {
      for store in [account.near, account.far] {
        switch store {
        case .maildir(let maildir): rules.places.append(.init(maildir.path, .keep))
        case .imap(let imap): add(imap, to: &rules)
        }
      }
    }
    return rules
  }

  /// Makes what may be made before anything is decided about mail, so that no directory above it has to be granted.
  ///
  /// A Maildir root is made at an account's first run only: later a missing one is a question to a person (law L8).
  /// What cannot be made is told by whoever needs it.
  func makeDirectories() {
    unsafe mkdir(Self.directory(of: paths.controlSocket), 0o700)
    for account in accounts {
      let state = paths.accountDirectory(account.name)
      let isFirst = unsafe access(state + "/" + SQLiteLedger.fileName, F_OK) != 0
      _ = Result { try StateDirectory.prepare(state) }
      guard isFirst else { continue }
      for case .maildir(let maildir) in [account.near, account.far] { Self.makeDirectory(maildir.path) }
    }
  }

  private func add(_ imap: IMAPConfiguration, to rules: inout AccessRules) {
    switch imap.endpoint {
    case .tunnel(let command): rules.commands.insert(command)
    case .host(let host):
      rules.ports.insert(host.port)
      if let file = host.caFile { rules.places += readable(file) }
    }
    switch imap.password {
    case .command(let command): rules.commands.insert(command)
    case .file(let file): rules.places += readable(file)
    case .literal, nil: break
    }
  }

  /// A file and what it is a link to, each with its directory: editors put a new file in the old one's place. Not so in
  /// a directory that holds much else: there the file alone, and what takes its place takes a new process.
  private func readable(_ file: String) -> [AccessRules.Grant] {
    var files = [file]
    if let real = Self.realPath(file), real != file { files.append(real) }
    return files.map { file in
      let directory = Self.directory(of: file)
      let isShared = ["/", "/home", "/root", "/tmp", "/var/tmp", "/run", "/var", "/usr"].contains(directory)
      let holdsHome = paths.home.map { ($0 + "/").hasPrefix(directory + "/") } ?? false
      return .init(isShared || holdsHome ? file : directory, .read)
    }
  }

  private static func realPath(_ path: String) -> String? {
    guard let real = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  private static func directory(of path: String) -> String {
    let directory = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
    return directory.isEmpty ? "/" : String(directory)
  }

  /// With what is missing above it.
  private static func makeDirectory(_ path: String) {
    var made = ""
    for component in path.split(separator: "/") {
      made += "/" + component
      unsafe mkdir(made, 0o700)
    }
  }
}
