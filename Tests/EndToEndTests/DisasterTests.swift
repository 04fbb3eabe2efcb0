import Control
import Foundation
import Mail
import Support
import Testing

/// The table "Cases that decide whether people keep their mail" of the laws, played with real servers and files.
@Suite("What must not cost mail does not", .notAllAtOnce)
struct DisasterTests {
  @Test("a changed UIDVALIDITY is matched anew: nothing is deleted, and only what is new is transferred (L8, L3)")
  func renumbered() async throws {
    try await DovecotServer.running { server in
      let before = try await synced(server, 20)
      try await before.client.logOut()
      try await server.setUIDValidity(4711, user: "a")
      let both = await BothSides(before, try await server.client("a"))
      try await both.append(1)
      let report = try await before.installation.syncCleanly()
      #expect(report.local.deleted == 0)
      #expect(report.remote.deleted == 0)
      #expect(report.transferred == 1)
      #expect(try await both.differences() == [])
      #expect(try await before.installation.syncCleanly().isEmpty)
    }
  }

  @Test("an emptied folder is held by the brake until a person allows it (L9)", arguments: ["server", "Maildir"])
  func emptied(side: String) async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server, 30)
      let mails = try await both.append(1, to: Names.work)
      if side == "server" {
        try await both.client.expunge(UIDSet(.first...30))
      } else {
        for entry in try await both.installation.watch.tree()[.inbox] { try both.installation.remove(entry) }
      }
      for _ in 1...2 {
        let outcome = try await both.installation.sync()
        #expect(outcome.exitCode == 1)
        #expect(outcome.errors.contains("INBOX"))
        #expect(outcome.errors.contains("30"))
        #expect(outcome.errors.contains("--allow-deletions"))
        let kept = side == "server" ? try await both.installation.watch.tree()[.inbox].count : try await both.count()
        #expect(kept == 30)
      }
      // All else went on.
      #expect(try await both.installation.watch.tree()[Names.work].count == mails.count)
      try await both.installation.syncCleanly("--allow-deletions")
      #expect(try await both.count() == 0)
      #expect(try await both.installation.watch.tree()[.inbox].isEmpty)
      #expect(try await both.installation.syncCleanly().isEmpty)
    }
  }

  @Test("a Maildir that is put back from a backup gets again what came since, and nothing is deleted for it (L1, L8)")
  func putBack() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server, 5)
      let root = both.installation.maildir
      // As rsync or tar do it, times and all.
      let copying = try await ChildProcess.run(["cp", "-a", root, root + ".backup"])
      #expect(copying.ending == .exited(0))
      try await both.append(3)
      try await both.installation.syncCleanly()
      try FileManager.default.removeItem(atPath: root)
      try FileManager.default.moveItem(atPath: root + ".backup", toPath: root)
      let outcome = try await both.installation.sync()
      #expect(outcome.exitCode == 0)
      #expect(outcome.errors.contains("older copy of itself"))
      #expect(try await both.count() == 8)
      #expect(try await both.differences() == [])
      #expect(try await both.installation.syncCleanly().isEmpty)
    }
  }

  enum RootLoss: CaseIterable { case missing, empty, unmarked }

  @Test(
    "a root that is missing, empty or another stops the account, and deletes nothing (L8)", arguments: RootLoss.allCases
  )
  func lostRoot(loss: RootLoss) async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server, 5)
      let root = both.installation.maildir
      try FileManager.default.moveItem(atPath: root, toPath: root + ".away")
      switch loss {
      case .missing: break
      case .empty: try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
      case .unmarked: try both.installation.maildirFolder().make()
      }
      let outcome = try await both.installation.sync()
      #expect(outcome.exitCode != 0)
      #expect(outcome.errors.contains(root), "\(outcome.errors)")
      #expect(try await both.count() == 5)
      if loss != .missing { try FileManager.default.removeItem(atPath: root) }
      try FileManager.default.moveItem(atPath: root + ".away", toPath: root)
      #expect(try await both.installation.syncCleanly().isEmpty)
      #expect(try await both.differences() == [])
    }
  }

  enum LedgerLoss: CaseIterable { case removed, damaged }

  @Test(
    "a ledger that is lost or damaged costs no mail and doubles none, and what went meanwhile comes back (L3, L8)",
    arguments: LedgerLoss.allCases)
  func lostLedger(loss: LedgerLoss) async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server, 40)
      let tree = try await both.installation.watch.tree()
      let state = both.installation.stateDirectory
      switch loss {
      case .removed: try FileManager.default.removeItem(atPath: state)
      case .damaged:
        let ledger = URL(filePath: "\(state)/\(Installation.account)/ledger.sqlite")
        var bytes = try Data(contentsOf: ledger)
        bytes.resetBytes(in: 2_000..<bytes.count)
        try bytes.write(to: ledger)
      }
      try await both.append(1)
      try await both.deliver(1)
      // Without a ledger nobody saw a deletion.
      try both.installation.remove(tree[.inbox][3])
      let report = try await both.installation.syncCleanly()
      #expect(report.local.deleted == 0)
      #expect(report.remote.deleted == 0)
      #expect(report.transferred == 3)
      #expect(try await both.differences() == [])
      #expect(try await both.installation.syncCleanly().isEmpty)
    }
  }

  @Test("a server's \\Deleted of another client is never expunged by us (L10)", arguments: [true, false])
  func othersDeleted(hasUIDPlus: Bool) async throws {
    let capability = hasUIDPlus ? nil : "IMAP4rev1 SASL-IR LITERAL+ IDLE MOVE"
    try await DovecotServer.running(DovecotOptions(capability: capability)) { server in
      let both = try await synced(server, 5)
      let mails = await both.mails
      try await both.storeOnServer(.add, FlagSet(.deleted), mails[0])
      try await both.unlink(mails[1])
      let outcome = try await both.installation.sync()
      if hasUIDPlus {
        #expect(outcome.exitCode == 0)
      } else {
        // EXPUNGE would take the other's too, so ours waits, and says so.
        #expect(outcome.exitCode == 1)
        #expect(outcome.errors.contains("INBOX"))
        #expect(try await both.count() == 5)
        try await both.storeOnServer(.remove, FlagSet(.deleted), mails[0])
        try await both.installation.syncCleanly()
      }
      #expect(try await both.differences() == [])
      #expect(try await both.installation.syncCleanly().isEmpty)
    }
  }

  @Test("a message that the server refuses is named, stays, and keeps no other from syncing (L11)")
  func refused() async throws {
    let limit = """
      mail_plugins = quota
      protocol imap {
        mail_plugins = imap_zlib quota
      }
      plugin {
        quota = maildir:User quota
        quota_max_mail_size = 100k
      }
      """
    try await DovecotServer.running(DovecotOptions(extraConfiguration: limit)) { server in
      let both = try await synced(server, 3)
      let large = SampleMail(seed: 9, number: 1, kind: .attachment, size: 300_000)
      let unique = try both.installation.maildirFolder().deliver(large.bytes)
      try await both.deliver(3)
      try await both.deliver(2, to: Names.work)
      for _ in 1...2 {
        let outcome = try await both.installation.sync()
        #expect(outcome.exitCode == 1)
        #expect(outcome.errors.contains(unique), "\(outcome.errors)")
        #expect(await both.expected.differences(from: try await both.client.tree()) == [])
        #expect(try await both.installation.watch.tree()[.inbox].contains { $0.unique == unique })
      }
      // Gone, it is no trouble any more.
      try both.installation.maildirFolder().unlink(unique)
      try await both.installation.syncCleanly()
      #expect(try await both.differences() == [])
    }
  }

  @Test("files that are renamed and vanish while they are uploaded are never an error, and never lost (L1, L3)")
  func changedWhileUploaded() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server, 3)
      let mails = try await both.deliver(300)
      let pass = try ChildProcess(both.installation.command(["sync"]), environment: both.installation.environment)
      // In the midst of it: when the first are on the server.
      try await both.client.waitForStatus { $0.messages > 5 }
      for mail in mails.prefix(60) { try await both.setInMaildir([.seen, .flagged], mail) }
      for mail in mails.suffix(20) { try await both.unlink(mail) }
      #expect(try await pass.wait(within: .seconds(60)) == .exited(0), "\(pass.standardErrors)")
      try await both.installation.syncCleanly()
      #expect(try await both.differences() == [])
    }
  }

  private func synced(_ server: DovecotServer, _ count: Int) async throws -> BothSides {
    let client = try await server.client("a")
    let both = BothSides(try Installation(.tls(server, user: "a")), client)
    try await both.createOnServer(Names.work)
    try await both.append(count)
    try await both.installation.syncCleanly()
    return both
  }
}
