import Configuration
import Confinement
import Glibc
import LedgerSQLite
import Ports
import Reconciliation

/// What the configured accounts need of this machine, as rules for a confined process.
struct ConfinementPlan {
  let paths: Paths
  let environment: Environment
  let accounts: [AccountConfiguration]

  /// Where the C library, OpenSSL and SQLite are told to look; lists have colons.
  private static let variables = [
    "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF", "OPENSSL_MODULES", "LD_LIBRARY_PATH", "TZDIR", "LOCPATH",
  ]
  /// What name resolution reads, and may be links to anywhere: into /run most often, to what comes with the network.
  private static let resolution = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"]
  /// Name servers, by TCP where an answer is long.
  private static let nameServerPort: UInt16 = 53

  var rules: AccessRules {
    var rules = AccessRules()
    rules.places = [.init(paths.stateDirectory, .serve), .init(DiskPath.directory(of: paths.controlSocket), .serve)]
    rules.places += readable(paths.configurationFile)
    rules.places += Self.resolution.flatMap { linked($0) }
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

  /// Makes what is to be granted, so that no directory above it has to be. What cannot be made is told by whoever needs
  /// it.
  func makeOwnDirectories() {
    unsafe mkdir(DiskPath.directory(of: paths.controlSocket), 0o700)
    for account in accounts {
      do throws(LedgerError) {
        try StateDirectory.prepare(paths.accountDirectory(account.name))
      } catch {
        // The account's lock is in there, and says why it cannot be made.
        continue
      }
    }
  }

  /// Makes the Maildir roots that no ledger knows yet. A known one that is missing is a question to a person (law L8).
  @Loop
  func makeRoots() {
    for account in accounts {
      for side in Side.allCases {
        guard case .maildir(let maildir) = account[side], unsafe access(maildir.path, F_OK) != 0,
          !LedgerGlance.mayKnow(RootMarkers.fact(side), in: paths.accountDirectory(account.name))
        else { continue }
        Self.makeDirectory(maildir.path)
      }
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

  /// A file and what it is a link to.
  private func readable(_ file: String) -> [AccessRules.Grant] { [withDirectory(file)] + linked(file) }

  /// What a file is a link to; nothing where it is none. Where nothing is there yet, as before the network is up, the
  /// first link's target, so that its coming is noticed.
  private func linked(_ file: String) -> [AccessRules.Grant] {
    if let real = DiskPath.realPath(file) { return real == file ? [] : [withDirectory(real)] }
    return Self.target(of: file).map { [withDirectory($0)] } ?? []
  }

  /// Each with its directory: editors put a new file in the old one's place. Not so in a directory that holds much else:
  /// there the file alone, and what takes its place takes a new process.
  private func withDirectory(_ file: String) -> AccessRules.Grant {
    let directory = DiskPath.directory(of: file)
    let isShared = Self.sharedDirectories.contains(directory) || Self.privateNames.contains { directory.hasSuffix($0) }
    let holdsHome = paths.home.map { ($0 + "/").hasPrefix(directory + "/") } ?? false
    return .init(isShared || holdsHome ? file : directory, .read)
  }

  private static let sharedDirectories: Set<String> = [
    "/", "/dev/shm", "/home", "/media", "/mnt", "/opt", "/root", "/run", "/srv", "/tmp", "/usr", "/var", "/var/tmp",
  ]
  /// Directories whose other files are worth more than convenience.
  private static let privateNames = ["/.config", "/.gnupg", "/.password-store", "/.ssh"]

  private static func target(of link: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(link, &buffer, buffer.count)
    guard count > 0, count < buffer.count else { return nil }
    let target = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return target.hasPrefix("/") ? target : DiskPath.directory(of: link) + "/" + target
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
