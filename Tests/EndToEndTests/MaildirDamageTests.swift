import Control
import Foundation
import Mail
import Support
import Testing

/// What other programs, and people, do to a Maildir's directories.
@Suite("A damaged Maildir", .notAllAtOnce)
struct MaildirDamageTests {
  @Test(
    "whose empty directories somebody removed gets them back, and no folder is gone (L8)", arguments: [false, true])
  func emptyPartsRemoved(whileRunning: Bool) async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server, 3)
      let daemon = whileRunning ? try await both.installation.start() : nil
      let work = both.installation.maildirFolder(Names.work).path
      for parts in [["cur"], ["new"], ["tmp"], ["cur", "tmp"]] {
        for part in parts { try FileManager.default.removeItem(atPath: "\(work)/\(part)") }
        if !whileRunning { try await both.installation.syncCleanly() }
        let mails = try await both.append(1, to: Names.work)
        if whileRunning { try await both.settle() } else { try await both.installation.syncCleanly() }
        for part in ["cur", "new", "tmp"] { #expect(FileManager.default.fileExists(atPath: "\(work)/\(part)")) }
        #expect(try await both.differences() == [])
        for mail in mails { try await both.unlink(mail, in: Names.work) }
        if whileRunning { try await both.settle() } else { try await both.installation.syncCleanly() }
      }
      await daemon?.stop()
    }
  }

  @Test("that lost a directory with its messages is named, and none of them is deleted, until it is back (L8)")
  func fullPartRemoved() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server, 3)
      try await both.setInMaildir([.seen], both.mails[0])
      try await both.installation.syncCleanly()
      let cur = both.installation.maildirFolder().path + "/cur"
      try FileManager.default.moveItem(atPath: cur, toPath: cur + ".away")
      for _ in 1...2 {
        let outcome = try await both.installation.sync()
        #expect(outcome.exitCode == 1)
        #expect(outcome.errors.contains("INBOX"), "\(outcome.errors)")
        #expect(outcome.errors.contains("cur"), "\(outcome.errors)")
        #expect(try await both.count() == 3)
      }
      try FileManager.default.moveItem(atPath: cur + ".away", toPath: cur)
      #expect(try await both.installation.syncCleanly().isEmpty)
      #expect(try await both.differences() == [])
    }
  }

  private func synced(_ server: DovecotServer, _ count: Int) async throws -> BothSides {
    let both = BothSides(try Installation(.tls(server, user: "a")), try await server.client("a"))
    try await both.createOnServer(Names.work)
    try await both.append(count)
    try await both.installation.syncCleanly()
    return both
  }
}
