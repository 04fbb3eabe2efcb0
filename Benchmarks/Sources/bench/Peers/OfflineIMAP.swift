import Mail
import Support
import Synchronization

/// Debian's OfflineIMAP with `idlefolders` on every folder.
final class OfflineIMAP: Contestant {
  let name = "OfflineIMAP"
  /// It looks at the Maildir only when it has another reason to sync.
  let watchesMaildir = false
  let likeness = Likeness.mail
  private let account: Account
  private let configurationFile: String
  private let logFile: String
  private let child = Mutex<ChildProcess?>(nil)

  init(_ account: Account) throws {
    self.account = account
    logFile = account.scratch.appending("offlineimap.log")
    let folders = account.folders.map { "'\($0)'" }.joined(separator: ", ")
    configurationFile = try account.scratch.write(
      """
      [general]
      accounts = bench
      metadata = \(try account.scratch.makeFolder("offlineimap", mode: 0o700))
      ui = basic

      [Account bench]
      localrepository = near
      remoterepository = far
      autorefresh = 10

      [Repository near]
      type = Maildir
      localfolders = \(account.root)
      sep = /

      [Repository far]
      type = IMAP
      remotehost = localhost
      remoteport = \(account.server.tlsPort)
      remoteuser = \(account.user)
      remotepass = \(account.server.password)
      ssl = yes
      starttls = no
      sslcacertfile = \(account.server.authorityFile)
      maxconnections = 2
      holdconnectionopen = yes
      keepalive = 60
      idlefolders = [\(folders)]

      """, to: "offlineimaprc", mode: 0o600)
  }

  var processIdentifier: Int32? { child.withLock { $0?.identifier } }

  func start() async throws {
    let started = try ChildProcess(["offlineimap", "-c", configurationFile], output: .file(logFile))
    child.withLock { $0 = started }
    try await account.requireEqual(likeness, within: .seconds(900))
    // It tells nobody when its idling threads are up, so a message is sent through every few seconds until one comes
    // within the time that a push takes.
    let client = try await account.server.client(account.user)
    let watch = try MaildirWatch(account.root)
    let limit = Deadline(in: .seconds(60))
    var number = 0
    while true {
      let before = try await watch.tree()[.inbox].count
      number += 1
      try await client.append(SampleMail(seed: 77, number: number, kind: .plain, size: 1_000).bytes)
      do {
        try await watch.wait(within: .seconds(3)) { $0[.inbox].count > before }
        break
      } catch  where !limit.hasPassed {
        try requireRunning()
      }
    }
    try await client.logOut()
    try await account.requireEqual(likeness)
  }

  func requireRunning() throws {
    if let ending = child.withLock({ $0?.ending }) { throw BenchError("OfflineIMAP \(ending); see \(logFile)") }
  }

  func stop() async { await child.withLock { $0.take() }?.stop() }
}
