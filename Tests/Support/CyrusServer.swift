import Foundation
import Mail
import Synchronization

/// A private Cyrus IMAP server on 127.0.0.1: another implementation than Dovecot, and one that pushes at once.
///
/// Runs as root (then as `nobody`) and as an ordinary user. Any password is right. A user's mailbox comes into being at
/// his first login or delivery; folders are siblings of INBOX, separated by `/`.
package actor CyrusServer: MailServer {
  package nonisolated let plainPort: UInt16
  package nonisolated let tlsPort: UInt16
  package nonisolated let lmtpPort: UInt16
  package nonisolated let authorityFile: String
  /// Configuration and mail.
  package nonisolated let folder: TemporaryDirectory
  private let owner: MailOwner
  private let package: CyrusPackage
  /// In the greeting; by it we know that it is our server that answers on the port.
  private let serverName: String
  private let master = Mutex<ChildProcess?>(nil)

  /// A running server, ready for logins.
  ///
  /// `suppressedCapabilities` are neither announced nor, mostly, refused: a test must also look whether they were used.
  package static func started(
    suppressedCapabilities: [String] = [], extraConfiguration: String = ""
  ) async throws -> CyrusServer {
    let suppression =
      suppressedCapabilities.isEmpty
      ? "" : "suppress_capabilities: \(suppressedCapabilities.joined(separator: " "))\n"
    return try await withFreePorts(3) { ports in
      let server = try await CyrusServer(ports, suppression + extraConfiguration)
      try await server.start()
      return server
    }
  }

  /// Starts a server, runs `body` with it, and stops it whatever comes of that.
  @discardableResult
  package static func running<Result: Sendable>(
    suppressedCapabilities: [String] = [], extraConfiguration: String = "",
    _ body: (CyrusServer) async throws -> Result
  ) async throws -> Result {
    try await started(suppressedCapabilities: suppressedCapabilities, extraConfiguration: extraConfiguration)
      .whileRunning(body)
  }

  private init(_ ports: [UInt16], _ extraConfiguration: String) async throws {
    (plainPort, tlsPort, lmtpPort) = (ports[0], ports[1], ports[2])
    owner = try MailOwner.current()
    package = try await CyrusPackage.ready(for: owner)
    folder = try TemporaryDirectory("cyrus")
    serverName = "cyrus-\(ports[0])-\(UInt64.random(in: 0...UInt64.max)).test"
    let authority = try await CertificateAuthority.shared()
    authorityFile = authority.certificateFile
    let certificate = try await authority.certificate()
    for name in ["", "conf", "conf/socket", "conf/proc", "conf/log", "conf/db", "socket", "spool"] {
      try owner.own(try folder.makeFolder(name))
    }
    try folder.write(
      Self.configuration(folder.path, serverName, certificate, owner) + extraConfiguration + "\n", to: "imapd.conf")
    try folder.write(Self.services(folder.path, package, ports), to: "cyrus.conf")
  }

  package nonisolated var password: String { "pw" }

  package nonisolated var log: String { master.withLock { $0 }?.standardErrors ?? "" }

  package func start() async throws {
    guard !isRunning else { return }
    // What an earlier run noted about its processes is not true of this one.
    let notes = folder.appending("conf/proc")
    for name in try FileManager.default.contentsOfDirectory(atPath: notes) {
      try FileManager.default.removeItem(atPath: notes + "/" + name)
    }
    let child = try ChildProcess(
      owner.commandPrefix + [
        "env", "CYRUS_USER=\(owner.user)", "LD_LIBRARY_PATH=\(try package.libraryPath)", package.program("master"),
        "-C", folder.appending("imapd.conf"), "-M", folder.appending("cyrus.conf"), "-D",
        "-p", folder.appending("conf/master.pid"),
      ])
    master.withLock { $0 = child }
    let (port, name) = (plainPort, serverName)
    do {
      try await onOwnThread { try Self.waitForGreeting(of: name, on: port, child) }
    } catch {
      await stop()
      throw error
    }
  }

  package func stop() async {
    await master.withLock { $0 }?.stop()
    master.withLock { $0 = nil }
  }

  package nonisolated var isRunning: Bool { master.withLock { $0 }?.isRunning ?? false }

  /// The processes of the running server are one group; its number is the master's.
  package nonisolated var processGroup: Int32? { master.withLock { $0 }?.identifier }

  package func deliver(_ message: [UInt8], to user: String) async throws {
    let port = lmtpPort
    try await onOwnThread { try LMTP.deliver(message, to: user, port: port, within: .seconds(30)) }
  }

  /// Cyrus tells nobody when it is ready, so its port is asked until the greeting comes. Blocks.
  private static func waitForGreeting(of name: String, on port: UInt16, _ child: ChildProcess) throws {
    let deadline = Deadline(in: .seconds(20))
    while !deadline.hasPassed {
      if let ending = child.waitBriefly() {
        throw SupportError("Cyrus did not start: it \(ending): \(child.standardErrors)")
      }
      guard let connection = try LoopbackConnection.ifListening(on: port) else { continue }
      guard let greeting = try connection.line(until: deadline) else { continue }
      guard String(decoding: greeting, as: UTF8.self).contains(name) else { throw PortTaken() }
      return
    }
    throw SupportError("Cyrus did not start in time: \(child.standardErrors)")
  }

  private static func configuration(
    _ folder: String, _ name: String, _ certificate: CertificateAuthority.Certificate, _ owner: MailOwner
  ) -> String {
    """
    configdirectory: \(folder)/conf
    partition-default: \(folder)/spool
    defaultpartition: default
    servername: \(name)
    cyrus_user: \(owner.user)
    admins: cyrus
    sasl_pwcheck_method: alwaystrue
    sasl_mech_list: PLAIN LOGIN
    allowplaintext: yes
    unixhierarchysep: yes
    altnamespace: yes
    autocreate_quota: 0
    autocreate_post: yes
    munge8bit: no
    conversations: yes
    idlesocket: \(folder)/socket/idle
    lmtpsocket: \(folder)/socket/lmtp
    tls_server_cert: \(certificate.certificateFile)
    tls_server_key: \(certificate.keyFile)

    """
  }

  private static func services(_ folder: String, _ package: CyrusPackage, _ ports: [UInt16]) -> String {
    func command(_ program: String, _ options: String = "") -> String {
      "cmd=\"\(package.program(program)) -C \(folder)/imapd.conf \(options)\""
    }
    return """
      START {
        recover \(command("ctl_cyrusdb", "-r"))
      }
      DAEMON {
        idled \(command("idled"))
      }
      SERVICES {
        imap \(command("imapd", "-U 1")) listen="127.0.0.1:\(ports[0])" prefork=1
        imaps \(command("imapd", "-s -U 1")) listen="127.0.0.1:\(ports[1])"
        lmtp \(command("lmtpd", "-a")) listen="127.0.0.1:\(ports[2])"
      }

      """
  }
}
