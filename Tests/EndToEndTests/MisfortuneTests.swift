import Control
import Foundation
import Mail
import Support
import Testing

/// Disks that are full or cannot be written: the mail waits, whole, and goes on by itself when it can.
@Suite(
  "A disk that gives out", .notAllAtOnce,
  .enabled("this machine permits no mount namespace with a tmpfs in it") { await PrivateFileSystem.isPermitted() })
struct MisfortuneTests {
  @Test("full below the Maildir: what does not fit is named, nothing is torn, and with room again all is there (L11)")
  func full() async throws {
    try await DovecotServer.running { server in
      let disk = try await PrivateFileSystem(kilobytes: 1_000)
      let both = try await account(server, maildirOn: disk)
      let mails = try await both.appendLarge(40)
      for _ in 1...2 {
        let outcome = try await both.installation.sync()
        #expect(outcome.exitCode == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("INBOX"), "\(outcome.errors)")
        #expect(outcome.errors.contains("No space left"), "\(outcome.errors)")
        try both.requireWhole(mails)
        #expect(try await both.count() == 50)
      }
      try await disk.resize(kilobytes: 10_000)
      try await both.installation.syncCleanly()
      #expect(try await both.differences() == [])
      #expect(try await both.installation.syncCleanly().isEmpty)
      #expect(try drafts(both) == [])
    }
  }

  @Test("full below the Maildir while it runs: the mail that came is there soon after there is room again (L5, L11)")
  func fullWhileRunning() async throws {
    try await DovecotServer.running { server in
      let disk = try await PrivateFileSystem(kilobytes: 1_000)
      let both = try await account(server, maildirOn: disk)
      try await whileRunning(both) { daemon in
        try await disk.fill(leaving: 40)
        let mails = try await both.appendLarge(5)
        _ = try await daemon.line(of: .errors) { $0.contains("No space left") }
        try both.requireWhole(mails)
        try await disk.free()
        try await both.settle(within: .seconds(40))
        #expect(daemon.standardErrors.contains("recovered"))
      }
    }
  }

  @Test("read-only below the Maildir: nothing is lost on either side, and it goes on when it can be written (L1, L11)")
  func readOnly() async throws {
    try await DovecotServer.running { server in
      let disk = try await PrivateFileSystem(kilobytes: 4_000)
      let both = try await account(server, maildirOn: disk)
      let mails = await both.mails
      try await disk.become(readOnly: true)
      try await both.append(2)
      try await both.expunge(mails[0])
      try await both.storeOnServer(.add, FlagSet(.flagged), mails[1])
      let outcome = try await both.installation.sync()
      #expect(outcome.exitCode == 1, "\(outcome.errors)")
      #expect(outcome.errors.contains("Read-only file system"), "\(outcome.errors)")
      #expect(try await both.installation.watch.tree()[.inbox].count == 10)
      #expect(try await both.count() == 11)
      try await disk.become(readOnly: false)
      try await both.installation.syncCleanly()
      #expect(try await both.differences() == [])
    }
  }

  @Test("read-only below the Maildir while it runs: by itself, soon after it can be written again (L11)")
  func readOnlyWhileRunning() async throws {
    try await DovecotServer.running { server in
      let disk = try await PrivateFileSystem(kilobytes: 4_000)
      let both = try await account(server, maildirOn: disk)
      try await whileRunning(both) { daemon in
        let mails = await both.mails
        try await disk.become(readOnly: true)
        try await both.append(2)
        try await both.expunge(mails[0])
        _ = try await daemon.line(of: .errors) { $0.contains("Read-only file system") }
        try await disk.become(readOnly: false)
        try await both.settle(within: .seconds(40))
      }
    }
  }

  @Test("unmounted and mounted anew while its server is away: it syncs on, and deletes nothing (L1, L8)")
  func mountedAnew() async throws {
    try await DovecotServer.running { server in
      let disk = try await PrivateFileSystem(kilobytes: 4_000)
      let both = try await account(server, maildirOn: disk)
      try await whileRunning(both) { daemon in
        await server.stop()
        _ = try await daemon.line(of: .errors) { $0.contains("the next try is") }
        try await disk.unmount()
        try await disk.mountAnew()
        try await server.start()
        let again = await BothSides(both, try await server.client("a"))
        try await again.append(2)
        daemon.signal(SIGUSR1)
        try await again.settle(within: .seconds(40))
        #expect(try await again.count() == 12)
      }
    }
  }

  // MARK: The ledger

  @Test("read-only below the ledger is for a person to mend, 1, who is told of it, and no side is touched (L4)")
  func ledgerReadOnly() async throws {
    try await DovecotServer.running { server in
      let disk = try await PrivateFileSystem(kilobytes: 4_000)
      let both = try await account(server, ledgerOn: disk)
      try await disk.become(readOnly: true)
      try await both.append(2)
      try await both.deliver(2)
      let outcome = try await both.installation.sync()
      #expect(outcome.exitCode == 1, "\(outcome.errors)")
      #expect(outcome.errors.contains(both.installation.stateDirectory), "\(outcome.errors)")
      #expect(try await both.installation.watch.tree()[.inbox].count == 12)
      #expect(try await both.count() == 12)
      try await disk.become(readOnly: false)
      try await both.installation.syncCleanly()
      #expect(try await both.differences() == [])
    }
  }

  @Test(
    "full below the ledger while it runs: soon after there is room all is in sync, and nothing doubled (L3, L4, L5)")
  func ledgerFull() async throws {
    try await DovecotServer.running { server in
      let disk = try await PrivateFileSystem(kilobytes: 2_000)
      let both = try await account(server, ledgerOn: disk)
      try await whileRunning(both) { daemon in
        try await disk.fill(leaving: 0)
        try await both.append(300)
        try await both.deliver(100)
        _ = try await daemon.line(of: .errors) { $0.contains("the ledger: ") }
        _ = try await daemon.line(of: .errors) { $0.contains("waiting (no space)") }
        try await disk.free()
        try await both.settle(within: .seconds(60))
      }
      #expect(try await both.installation.syncCleanly().isEmpty)
    }
  }

  // MARK: Beginning and end

  /// Ten messages in sync.
  private func account(
    _ server: DovecotServer, maildirOn maildirs: PrivateFileSystem? = nil, ledgerOn ledgers: PrivateFileSystem? = nil
  ) async throws -> BothSides {
    let installation = try Installation(
      .plain(server, user: "a"), maildir: maildirs?.appending("Mail"), seen: maildirs?.inside("Mail"),
      state: ledgers?.inside("state"), prefix: (maildirs ?? ledgers)?.entering ?? [])
    let both = BothSides(installation, try await server.client("a"))
    try await both.createOnServer(Names.work)
    try await both.append(10)
    try await installation.syncCleanly()
    return both
  }

  private func whileRunning(_ both: BothSides, _ body: (ChildProcess) async throws -> Void) async throws {
    try await both.installation.start("-vv").asDaemon(body)
  }

  /// What a failed delivery left behind.
  private func drafts(_ both: BothSides) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: both.installation.maildirFolder().path + "/tmp")
  }
}

extension BothSides {
  /// Of some 50 KB each.
  fileprivate func appendLarge(_ count: Int) async throws -> [SampleMail] {
    let mails = (0..<count).map { SampleMail(seed: 31, number: $0, kind: .attachment, size: 50_000) }
    try await client.append(contentsOf: mails.map(\.draft))
    expect { expected in
      for mail in mails { expected.add(mail.bytes, to: .inbox, flags: mail.flags) }
    }
    return mails
  }

  /// Every file that a mail reader sees is a whole message.
  fileprivate nonisolated func requireWhole(_ large: [SampleMail]) throws {
    let known = Set(large.map { $0.bytes.lineFeedForm.count })
    for entry in try MaildirTree(reading: installation.maildir)[.inbox] {
      let count = try entry.bytes().count
      #expect(known.contains(count) || count < 10_000, "\(entry.unique) has \(count) octets")
    }
  }
}
