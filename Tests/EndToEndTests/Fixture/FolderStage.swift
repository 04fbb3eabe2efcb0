import Control
import Foundation
import Mail
import Support

extension FolderLifeTests {
  /// Who changes the folders, and how martlet comes to know.
  struct Case: Sendable, CustomStringConvertible {
    let side: SideName
    let how: FoldersTests.How
    let layout: MaildirTree.Layout

    static let all: [Case] = [SideName.remote, .local].flatMap { side in
      MaildirTree.Layout.allCases.flatMap { layout in
        FoldersTests.How.allCases.map { Case(side: side, how: $0, layout: layout) }
      }
    }

    var description: String { "\(side) \(how) \(layout)" }

    /// Calls `body` with an account in sync that has these folders and a few messages in INBOX.
    func play(
      _ folders: [FolderName], _ body: (BothSides, FolderStage) async throws -> Void
    ) async throws {
      try await DovecotServer.running { server in
        let client = try await server.client("a")
        let installation = try Installation(.plain(server, user: "a", "max_connections = 10"), layout: layout)
        let both = BothSides(installation, client)
        for folder in folders { try await both.createOnServer(folder) }
        try await both.append(2)
        let stage = FolderStage(server, both, how == .run ? try await installation.start("-vv") : nil)
        do {
          try await body(both, stage)
          try await stage.end()
        } catch {
          throw SupportError("\(error)\n\(await stage.log)\nThe server said:\n\(server.log.suffix(2_000))")
        }
      }
    }
  }
}

/// Where folders change, with or without a daemon that watches.
struct FolderStage: Sendable {
  private let server: DovecotServer
  private let both: BothSides
  private let daemon: ChildProcess?

  init(_ server: DovecotServer, _ both: BothSides, _ daemon: ChildProcess?) {
    self.server = server
    self.both = both
    self.daemon = daemon
  }

  var log: String {
    get async {
      await daemon?.stop(grace: .seconds(1))
      return daemon.map { "martlet said:\n\($0.standardErrors)" } ?? ""
    }
  }

  /// The daemon sees nothing until `resume`, as in a suspended machine.
  func pause() { daemon?.pause() }
  func resume() { daemon?.resume() }

  /// As `settle`, by the eyes of a new connection: one that has seen a mailbox go and come again is lost in Dovecot 2.3
  /// ("duplicate transaction log sequence").
  func settleAnew() async throws { try await settle(BothSides(both, try await server.client("a"))) }

  func settle() async throws { try await settle(both) }

  /// As `settle`, where no push tells: Dovecot says nothing of a folder that comes or goes where there was a name
  /// already, and its LIST may hold on to such a one for a while. So a full pass is asked for now, and every second
  /// again; no event tells when the server has seen it.
  func settleByAsking() async throws {
    let asking = Task {
      while !Task.isCancelled {
        daemon?.signal(SIGUSR1)
        try await Task.sleep(for: .seconds(1))
      }
    }
    defer { asking.cancel() }
    try await settle()
  }

  /// Brings both sides to what is expected, and requires that a further pass is empty (law L2).
  private func settle(_ both: BothSides) async throws {
    if daemon == nil { try await both.installation.syncCleanly() }
    try await both.settle(within: .seconds(20))
    let report = try await both.installation.syncCleanly()
    guard report.isEmpty else { throw SupportError("a further pass was not empty: \(report)") }
  }

  func end() async throws {
    guard let ending = await daemon?.stop(), ending != .exited(0) else { return }
    throw SupportError("martlet \(ending)")
  }
}

extension SideName {
  var other: SideName { self == .local ? .remote : .local }
}

extension BothSides {
  /// `mv`, with all that is below it.
  nonisolated func renameInMaildir(_ folder: FolderName, to name: FolderName) throws {
    let (root, layout) = (installation.maildir, installation.watch.layout)
    let source = MaildirTree.path(of: folder, below: root, layout: layout)
    let target = MaildirTree.path(of: name, below: root, layout: layout)
    for path in try FileManager.default.contentsOfDirectory(atPath: root).map({ root + "/" + $0 })
    where path == source || path.hasPrefix(source + ".") {
      try FileManager.default.moveItem(atPath: path, toPath: target + path.dropFirst(source.count))
    }
  }

  /// The folder with its messages; what is below it stays.
  func remove(_ folder: FolderName, on side: SideName) async throws {
    switch side {
    case .remote: try await client.delete(folder)
    case .local:
      let path = installation.maildirFolder(folder).path
      let isAbove = try FileManager.default.contentsOfDirectory(atPath: path)
        .contains { !["cur", "new", "tmp", "maildirfolder", "dovecot-keywords"].contains($0) }
      for part in isAbove ? ["cur", "new", "tmp"].map({ path + "/" + $0 }) : [path] {
        try FileManager.default.removeItem(atPath: part)
      }
    }
    expect { $0.remove(folder) }
  }

  func messages(in folder: FolderName, on side: SideName) async throws -> [[UInt8]: FlagSet] {
    var pairs: [([UInt8], FlagSet)] = []
    switch side {
    case .remote: pairs = try await client.messages(in: folder).map { ($0.bytes.lineFeedForm, $0.flags) }
    case .local: pairs = try await installation.watch.tree()[folder].map { (try $0.bytes(), $0.flags) }
    }
    return Dictionary(pairs) { first, _ in first }
  }
}
