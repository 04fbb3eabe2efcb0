import Control
import Foundation
import Mail
import Support
import Testing

/// What a person asks to keep is kept: in the server's Trash, in the Maildir root's own directory, and in the record of
/// what was deleted.
@Suite("Deleted mail", .notAllAtOnce)
struct KeptMailTests {
  private static let trash = Names.folder("Trash")

  @Test("goes to the server's Trash, and what is deleted there is kept here; each deletion can be explained later")
  func kept() async throws {
    try await DovecotServer.running { server in
      let client = try await server.client("a")
      let both = BothSides(
        try Installation(.plain(server, user: "a"), sync: ["trash = \"Trash\"", "trash_days = 1"]), client)
      let mails = try await both.append(4)
      try await both.installation.syncCleanly()

      // Deleted here: it is in the Trash there, which comes here as any folder does.
      try await both.unlink(mails[0])
      try await both.installation.syncCleanly()
      await both.expect { $0.put([mails[0].bytes.lineFeedForm: .none], into: Self.trash) }
      try await both.installation.syncCleanly()
      #expect(try await both.differences() == [])

      // Deleted there: it is kept here, also over a restart.
      try await both.client.expunge(UIDSet([try #require(UID(rawValue: 2))]))
      await both.expect { $0.remove(mails[1].bytes, from: .inbox) }
      try await both.installation.syncCleanly()
      try await both.installation.syncCleanly()
      #expect(try await both.differences() == [])
      #expect(try Self.keptFiles(both.installation) == [mails[1].bytes.lineFeedForm])

      let log = try Self.deletions(both.installation)
      #expect(log.map { $0["side"] as? String } == ["remote", "local"])
      #expect(log.map { $0["folder"] as? String } == ["INBOX", "INBOX"])
      #expect(log.map { $0["way"] as? String } == ["trash", "removed"])
      #expect(log.map { $0["messageID"] as? String } == [mails[0].messageID, mails[1].messageID])
      #expect(log.allSatisfy { $0["evidence"] as? String != nil && $0["allowed"] as? Bool == false })
    }
  }

  @Test(
    "that a mail reader links into a folder and unlinks at once is moved there, also into the configured Trash (L3)",
    arguments: [[], ["trash = \"Work\""]])
  func linkedIntoTrash(sync: [String]) async throws {
    try await DovecotServer.running { server in
      try await Running.with(server, messages: 2, sync: sync) { both, _ in
        let inbox = MaildirFolder(.inbox, below: both.installation.maildir)
        let trash = MaildirFolder(Names.work, below: both.installation.maildir)
        let before = try await both.client.messages()
        for message in try await both.installation.watch.tree()[.inbox] {
          try inbox.saveAsNeomutt(message.unique, to: trash)
          try inbox.unlink(message.unique)
        }
        _ = try await both.client.waitForMessages(before.count, in: Names.work)
        _ = try await both.client.waitForMessages(0)
        try await both.installation.syncCleanly()
        #expect(try await both.installation.watch.tree()[Names.work].count == before.count)
        let moved = try await both.client.messages(in: Names.work)
        // By the server itself: sent anew, they would have the header field that the mail reader has added.
        #expect(Set(moved.map(\.bytes)) == Set(before.map(\.bytes)))
        #expect(moved.map(\.internalDate).sorted() == before.map(\.internalDate).sorted())
      }
    }
  }

  @Test("of which many are linked one after another, and then unlinked, is moved, too (L3)")
  func manyLinkedIntoTrash() async throws {
    try await DovecotServer.running { server in
      try await Running.with(server, messages: 40) { both, _ in
        let inbox = MaildirFolder(.inbox, below: both.installation.maildir)
        let work = MaildirFolder(Names.work, below: both.installation.maildir)
        let before = try await both.client.messages()
        var left = before.count
        for count in [5, 10, 25] {
          let messages = try await both.installation.watch.tree()[.inbox].prefix(count).map(\.unique)
          for message in messages { _ = try inbox.saveAsNeomutt(message, to: work) }
          for message in messages { try inbox.unlink(message) }
          left -= count
          _ = try await both.client.waitForMessages(before.count - left, in: Names.work)
          _ = try await both.client.waitForMessages(left)
        }
        let moved = try await both.client.messages(in: Names.work)
        #expect(Set(moved.map(\.bytes)) == Set(before.map(\.bytes)), "by the server itself")
        // Nor is all of it too much for the brake on its way back.
        let uids = UIDSet(moved.map(\.uid))
        try await both.client.move(uids, from: Names.work, to: .inbox)
        try await both.installation.watch.wait(within: .seconds(30)) {
          $0[.inbox].count == before.count && $0[Names.work].isEmpty
        }
      }
    }
  }

  @Test(
    "is not what was moved to a folder that the server refuses, until that can be made (L1)", arguments: [false, true])
  func movedWhereNobodyFollows(isRunning: Bool) async throws {
    try await DovecotServer.running { server in
      let both = BothSides(try Installation(.plain(server, user: "a")), try await server.client("a"))
      let mails = try await both.append(4)
      try await both.installation.syncCleanly()
      let (refused, good) = (Names.folder("~refused"), Names.folder("Good"))
      func play() async throws {
        try await both.makeInMaildir(refused)
        try await both.moveInMaildir(mails[0], to: refused)
        try await both.unlink(mails[1])
        let outcome = try await both.installation.sync()
        #expect(outcome.exitCode == 1)
        #expect(outcome.errors.contains("INBOX: 1 message was moved to the local ~refused"), "\(outcome.errors)")
        // What nobody deleted is there.
        _ = try await both.client.waitForMessages(3)
        if !isRunning { #expect(try await both.installation.doctor().report.open.contains { $0.subject == "INBOX" }) }
        try both.renameInMaildir(refused, to: good)
        await both.expect { $0.rename(refused, to: good) }
        if !isRunning { try await both.installation.syncCleanly() }
        try await both.settle()
      }
      guard isRunning else { return try await play() }
      try await both.installation.start("-vv").asDaemon { _ in try await play() }
    }
  }

  /// The content of what lies in limbo.
  private static func keptFiles(_ installation: Installation) throws -> [[UInt8]] {
    let limbo = installation.maildir + "/.martlet/limbo"
    return try FileManager.default.subpathsOfDirectory(atPath: limbo).compactMap { path in
      var isDirectory: ObjCBool = false
      _ = unsafe FileManager.default.fileExists(atPath: limbo + "/" + path, isDirectory: &isDirectory)
      guard !isDirectory.boolValue else { return nil }
      return [UInt8](try Data(contentsOf: URL(fileURLWithPath: limbo + "/" + path)))
    }
  }

  private static func deletions(_ installation: Installation) throws -> [[String: Any]] {
    let path = installation.stateDirectory + "/\(Installation.account)/deletions.log"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }
}
