import CLinux
import Configuration
import Disk
import Engine
import Glibc
import Logging
import Mail
import Maildir
import Ports
import Reconciliation

/// Makes an account's stores from what the configuration says of them.
@Loop
struct StoreAssembly {
  let program: ProgramContext
  let account: String
  let sync: SyncRules

  init(_ account: AccountConfiguration, _ program: ProgramContext) {
    self.program = program
    self.account = account.name
    sync = account.sync
  }

  /// `isLookedAtOnly` for a dry run: then not even the marker is made.
  func maildir(
    _ configuration: MaildirConfiguration, expectedMarker: String?, isLookedAtOnly: Bool
  ) -> MaildirStore {
    let reactor = program.reactor
    let path = configuration.path
    return MaildirStore(
      title: StoreTitle.of(configuration, home: program.paths.home), layout: MaildirLayout(configuration.layout),
      fileSystem: DiskFileSystem(root: path),
      clock: program.clock, names: Self.uniqueNames(), expectedMarker: expectedMarker,
      keepSeconds: sync.trashSeconds, isLookedAtOnly: isLookedAtOnly,
      makeWatcher: { () throws(FileError) in try InotifyWatcher(reactor, root: path) })
  }

  func imap(_ configuration: IMAPConfiguration) -> IMAPStore {
    let passwords = PasswordProvider(program: program, account: account)
    var settings = IMAPSettings(
      endpoint: Endpoint(configuration.endpoint), user: configuration.user ?? "",
      password: configuration.password.map { passwords.source($0) }, allowsPlaintext: configuration.allowPlaintext,
      maxConnections: configuration.maxConnections, clientName: Release.name, clientVersion: Release.version)
    let log = program.log(account: account)
    settings.notice = { folder, text in log.info("\(text)", metadata: ["folder": "\(printable("\(folder)"))"]) }
    // Asked once: what nobody reads is not even put into words.
    if log.logLevel <= .debug {
      settings.trace = { line in
        let metadata: Logger.Metadata? = line.folder.map { ["folder": "\(printable("\($0)"))"] }
        log.debug("\(line.description)", metadata: metadata)
      }
    }
    return IMAPStore(settings: settings, dialer: program.dialer, clock: program.clock)
  }

  private static func uniqueNames() -> UniqueNames {
    var name = [CChar](repeating: 0, count: 256)
    let host =
      unsafe gethostname(&name, name.count - 1) == 0 ? name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)) : []
    return UniqueNames(
      host: String(decoding: host, as: UTF8.self), processID: getpid(), tag: .random(in: UInt64.min...UInt64.max))
  }
}

extension SyncRules {
  /// How long a person wants what was deleted on the server to be kept here.
  var trashSeconds: Int64 { Int64(trashDays) * 24 * 3600 }
}

extension DeletionRules {
  init(_ rules: SyncRules) {
    self.init()
    brake = Brake(percent: rules.brakePercent)
    trash = rules.trash
    // Always long enough for the other half of a move.
    keepSeconds = max(rules.trashSeconds, Self.keepSecondsMin)
  }
}

extension MaildirLayout {
  init(_ layout: MaildirConfiguration.Layout) {
    self =
      switch layout {
      case .nested: .nested
      case .maildirPlusPlus: .maildirPlusPlus
      }
  }
}

extension Endpoint {
  init(_ endpoint: IMAPConfiguration.Endpoint) {
    switch endpoint {
    case .tunnel(let command): self = .tunnel(command: command)
    case .host(let host):
      let security: HostEndpoint.Security =
        switch host.security {
        case .implicitTLS: .implicitTLS
        case .startTLS: .startTLS
        case .plaintext: .plaintext
        }
      self = .host(HostEndpoint(host: host.name, port: host.port, security: security, caFile: host.caFile))
    }
  }
}
