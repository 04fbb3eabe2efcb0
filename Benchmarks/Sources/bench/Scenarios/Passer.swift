import Mail
import Support

/// A program that makes one pass over an account and ends: what `first` and `empty` measure.
struct Passer {
  let name: String
  let likeness: Likeness
  let account: Account
  /// A first pass, into an empty Maildir, or a pass with nothing to do.
  let run: (_ isFirst: Bool) async throws -> Pass

  static let names = ["floor", "mbsync", "martlet"]

  /// `port` is the server's own, or that of a proxy before it.
  static func make(
    _ name: String, _ options: Options, _ server: any MailServer, user: String, port: UInt16
  ) throws -> Passer {
    let account = try Account(server, user: user, folders: Account.folders(options.folders))
    let reached = Martlet.Server(server, user: user, isTLS: options.isTLS && name != "floor", port: port)
    switch name {
    case "mbsync":
      let mbsync = try Mbsync(reached, maildir: account.root, scratch: account.scratch)
      return Passer(name: name, likeness: Mbsync.likeness, account: account) { _ in
        try await Pass.run(mbsync.allCommand)
      }
    case "martlet":
      let martlet = try Martlet(
        options, reached, maildir: account.root, folders: options.folders, scratch: account.scratch)
      return Passer(name: name, likeness: .exact(but: []), account: account) { _ in
        try await Pass.run(martlet.syncCommand, environment: martlet.environment)
      }
    default:
      let (password, folders, root) = (server.password, account.folders, account.root)
      return Passer(name: LatencyTable.floor, likeness: .exact(but: .keywords), account: account) { isFirst in
        let duration = try await onOwnThread {
          isFirst
            ? try FloorFill.run(port: port, user: user, password: password, folders: folders, root: root)
            : try FloorLook.run(port: port, user: user, password: password, folders: folders.count)
        }
        return Pass(duration: duration)
      }
    }
  }

  func requireEqual() async throws {
    // The pass is over, so there is nothing to wait for.
    try await account.requireEqual(likeness, within: .zero)
  }
}

/// One account full of mail on a Dovecot of its own.
enum FullServer {
  static let user = "reader"

  static func with<Result: Sendable>(
    _ options: Options, _ body: (any MailServer) async throws -> Result
  ) async throws -> Result {
    let server = try await DovecotServer.started(PrivateServer.dovecot())
    do {
      let folders = Account.folders(options.folders)
      Progress.say("filling the account with \(options.messages) messages in \(folders.count) folders")
      try await Account(server, user: user, folders: folders)
        .fill(SampleMail.corpus(count: options.messages, folders: folders, seed: options.seed))
      let result = try await body(server)
      await server.stop()
      return result
    } catch {
      await server.stop()
      throw error
    }
  }
}
