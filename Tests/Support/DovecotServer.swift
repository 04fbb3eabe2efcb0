import Foundation
import Glibc
package import Mail
import Synchronization

/// A private Dovecot on 127.0.0.1, with a folder and ports of its own; gone with its last reference at the latest.
///
/// Runs as root (mail then belongs to `nobody`) and as an ordinary user. Needs Debian's dovecot-imapd, dovecot-lmtpd,
/// and openssl, which `make test` installs.
package actor DovecotServer: MailServer {
  package nonisolated let plainPort: UInt16
  package nonisolated let tlsPort: UInt16
  package nonisolated let lmtpPort: UInt16
  package nonisolated let authorityFile: String
  package nonisolated let options: DovecotOptions
  /// Configuration, log and mail.
  package nonisolated let folder: TemporaryDirectory
  private nonisolated let owner: MailOwner
  private let authority: CertificateAuthority
  private let master = Mutex<ChildProcess?>(nil)
  /// What earlier runs of the server logged.
  private let earlierLog = Mutex("")

  /// A running server, ready for logins.
  package static func started(_ options: DovecotOptions = DovecotOptions()) async throws -> DovecotServer {
    try await withFreePorts(3) { ports in
      let server = try await DovecotServer(options, ports)
      try await server.start()
      return server
    }
  }

  /// Starts a server, runs `body` with it, and stops it whatever comes of that.
  @discardableResult
  package static func running<Result: Sendable>(
    _ options: DovecotOptions = DovecotOptions(), _ body: (DovecotServer) async throws -> Result
  ) async throws -> Result {
    try await started(options).whileRunning(body)
  }

  private init(_ options: DovecotOptions, _ ports: [UInt16]) async throws {
    self.options = options
    owner = try MailOwner.current()
    folder = try TemporaryDirectory("dovecot")
    (plainPort, tlsPort, lmtpPort) = (ports[0], ports[1], ports[2])
    authority = try await CertificateAuthority.shared()
    authorityFile = authority.certificateFile
    let configuration = DovecotConfiguration(
      options: options, folder: folder.path, ports: ports,
      certificate: try await authority.certificate(
        for: options.certificateNames, isExpired: options.certificateIsExpired), owner: owner)
    try folder.write(try configuration.text(), to: "dovecot.conf")
    try owner.own(try folder.makeFolder("mail"))
  }

  package nonisolated var password: String { options.password }

  private nonisolated var configurationFile: String { folder.appending("dovecot.conf") }

  package nonisolated var log: String {
    earlierLog.withLock { $0 } + (master.withLock { $0 }?.standardErrors ?? "")
  }

  package func start() async throws {
    guard !isRunning else { return }
    let child = try ChildProcess([try Self.program("sbin/dovecot"), "-F", "-c", configurationFile])
    master.withLock { $0 = child }
    do {
      // Logged when all ports are open. Where one is taken, Dovecot says so and ends.
      _ = try await child.line(of: .errors) { $0.contains("starting up for") }
    } catch {
      await stop()
      if log.contains("Address already in use") { throw PortTaken() }
      throw SupportError("Dovecot did not start: \(error)")
    }
  }

  package func stop() async {
    guard let child = master.withLock({ $0 }) else { return }
    await child.stop()
    earlierLog.withLock { $0 += child.standardErrors }
    master.withLock { $0 = nil }
  }

  package nonisolated var isRunning: Bool { master.withLock { $0 }?.isRunning ?? false }

  /// The processes of the running server are one group; its number is the master's.
  package nonisolated var processGroup: Int32? { master.withLock { $0 }?.identifier }

  package func deliver(_ message: [UInt8], to user: String) async throws {
    let port = lmtpPort
    try await onOwnThread { try LMTP.deliver(message, to: user, port: port, within: .seconds(30)) }
  }

  /// Runs `doveadm` on this server and gives what it prints; throws where it fails.
  @discardableResult
  package func doveadm(_ arguments: [String], input: ChildProcess.Input = .nothing) async throws -> String {
    try await ChildProcess.output(
      of: [try Self.program("bin/doveadm"), "-c", configurationFile] + arguments, input: input)
  }

  /// Ends all of the user's sessions: their connections close without a BYE.
  package func kick(_ user: String) async throws { try await doveadm(["kick", user]) }

  /// Gives a folder another UIDVALIDITY, as after a restored backup. All UIDs of before mean nothing any more.
  package func setUIDValidity(_ value: UInt32, of folder: FolderName = .inbox, user: String) async throws {
    try await doveadm(["mailbox", "update", "--uid-validity", String(value), "-u", user, folder.description])
  }

  /// The user's Maildir on the server's disk, layout Maildir++.
  package nonisolated func maildir(of user: String) -> String { folder.appending("mail/\(user)/Maildir") }

  /// Puts a file into the `new/` of the user's INBOX on the server's disk, as procmail would. The folder must be there.
  package nonisolated func drop(_ message: [UInt8], named name: String, user: String) throws {
    let temporary = maildir(of: user) + "/tmp/" + name
    try Inheritance.write(message.lineFeedForm, to: temporary)
    try owner.own(temporary)
    try FileManager.default.moveItem(atPath: temporary, toPath: maildir(of: user) + "/new/" + name)
  }

  /// A shell command that speaks preauthenticated IMAP as `user` on its standard input and output.
  package nonisolated func tunnelCommand(user: String) throws -> String {
    let home = folder.appending("mail/\(user)")
    let words =
      owner.commandPrefix
      + ["env", "HOME=\(home)", "USER=\(user)", try Self.program("lib/dovecot/imap"), "-c", configurationFile]
    return words.joined(separator: " ")
  }

  private static func program(_ name: String) throws -> String {
    for prefix in ["/usr/", "/usr/local/"] where FileManager.default.isExecutableFile(atPath: prefix + name) {
      return prefix + name
    }
    throw SupportError("Dovecot's \(name) is not installed: run config/install-packages test")
  }
}
