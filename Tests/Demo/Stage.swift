import Foundation
import Support
import Synchronization

/// All that is there for the play: server, network, martlet, Maildir, and the clients through which we act and look.
final class Stage: Sendable {
  static let user = "reader"
  static let password = "pw"

  let folder: TemporaryDirectory
  let server: DovecotServer
  let network: NetworkProxy
  let daemon: Daemon
  let maildir: MaildirSide
  /// What was on the server at the beginning.
  let extent: SampleAccount.Extent
  private let connection: Mutex<ServerSide>
  private let used = Mutex<Set<String>>([])

  /// Everything but martlet is started, and the server filled.
  static func set(_ options: DemoOptions, _ screen: Screen) async throws -> Stage {
    let server = try await DovecotServer.started(DovecotOptions(storage: .sdbox, password: password))
    do {
      let stage = try await Stage(server, options)
      screen.heading("martlet: a private Dovecot on 127.0.0.1, and a Maildir")
      let extent = stage.extent
      screen.fact(
        "on the server",
        "\(extent.messages) messages in \(extent.folders) folders, \(Screen.megabytes(extent.bytes)); TLS, throw-away CA"
      )
      screen.fact("configuration", stage.daemon.configurationFile)
      screen.quote(stage.daemon.configuration)
      return stage
    } catch {
      await server.stop()
      throw error
    }
  }

  private init(_ server: DovecotServer, _ options: DemoOptions) async throws {
    self.server = server
    folder = try TemporaryDirectory("demo")
    network = try NetworkProxy(to: server.tlsPort)
    let root = folder.appending("Mail")
    daemon = try Daemon(
      options, in: folder, port: network.port, authorityFile: server.authorityFile, maildir: root)
    maildir = try MaildirSide(root: root, daemon: daemon)
    let remote = try await ServerSide.connect(to: server, daemon: daemon)
    connection = Mutex(remote)
    extent = try await SampleAccount.fill(remote.client)
  }

  /// Ends all of it. Nothing stays behind.
  func strike() async {
    await daemon.stop()
    network.become(.closed)
    await server.stop()
    folder.remove()
    server.folder.remove()
    // The certificates' folder would otherwise go only after this process.
    do {
      try FileManager.default.removeItem(
        at: URL(fileURLWithPath: server.authorityFile).deletingLastPathComponent())
    } catch {
      // Then it is the guardian's.
    }
  }

  var remote: ServerSide { connection.withLock { $0 } }

  /// After the server was away.
  func reconnect() async throws {
    let remote = try await ServerSide.connect(to: server, daemon: daemon)
    connection.withLock { $0 = remote }
  }

  /// False where this message was already in the play.
  func claim(_ messageID: String) -> Bool { used.withLock { $0.insert(messageID).inserted } }
}
