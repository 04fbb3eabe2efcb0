import Control
import Foundation
import Mail
import Support
import Testing

/// Which folders take part, and under which names: the configuration's rules, at work in both directions.
@Suite("The configuration says which folders are synced, and as what", .notAllAtOnce)
struct FolderChoiceTests {
  private static let sent = Names.folder("[Gmail]", "Sent Mail")
  private static let all = Names.folder("[Gmail]", "All Mail")
  private static let old = Names.folder("Archive", "2019")
  private static let recent = Names.folder("Archive", "2026")
  private static let deep = Names.folder("Lists", "swift", "evolution")
  private static let spam = Names.folder("Spam")

  @Test("include, exclude and rename hold for either side's folders, old and new")
  func rules() async throws {
    try await DovecotServer.running { server in
      let client = try await server.client("a")
      let installation = try Installation(
        .tls(server, user: "a"),
        rules: [
          #"include = ["INBOX", "Lists/%", "/^Archive/20[0-9]+$/", "[Gmail]/*", "Made*"]"#,
          #"exclude = ["Spam", "/2019/", "[Gmail]/All Mail"]"#,
          #"rename = { "[Gmail]/Sent Mail" = "Sent", "[Gmail]/*" = "Google/*" }"#,
        ])
      let both = BothSides(installation, client)
      let remote = [Self.sent, Self.all, Self.old, Self.recent, Names.lists, Self.deep, Self.spam]
      for folder in remote + [Names.folder("[Gmail]", "Drafts")] {
        try await client.create(folder)
        try await client.append(SampleMail(number: 1).bytes, to: folder)
      }
      // Of the Maildir's own, what is left out on the server is left out here.
      let local = [Names.made("here"), Self.spam, Names.folder("Google", "Starred"), Names.folder("Lists", "a", "b")]
      for folder in local {
        try installation.maildirFolder(folder).make()
        try installation.maildirFolder(folder).deliver(SampleMail(number: 2).bytes)
      }
      try await installation.syncCleanly()
      #expect(try await installation.syncCleanly().isEmpty)
      let inMaildir = try await both.installation.watch.tree()
      #expect(
        Set(inMaildir.folders.keys)
          == Set(
            local + [.inbox, Names.folder("Sent"), Names.folder("Google", "Drafts"), Self.recent, Names.lists]))
      let onServer = Set(try await client.folders())
      #expect(
        onServer.subtracting(remote)
          == [.inbox, Names.folder("[Gmail]", "Drafts"), Names.folder("[Gmail]", "Starred"), Names.made("here")])
      // Excluded on both sides: neither has the other's message.
      #expect(try await client.status(Self.spam).messages == 1)
      #expect(inMaildir[Self.spam].count == 1)
      for folder in inMaildir.folders.keys where folder != .inbox { #expect(inMaildir[folder].count == 1, "\(folder)") }
    }
  }

  @Test("a folder that the rules leave out from now on is deleted nowhere, and is synced again when they let it (L8)")
  func excludedLater() async throws {
    try await DovecotServer.running { server in
      let client = try await server.client("a")
      let place = ServerPlace.tls(server, user: "a")
      let installation = try Installation(place)
      let both = BothSides(installation, client)
      let local = ["path = \"\(installation.maildir)\"", "layout = \"nested\""]
      for folder in [Names.work, Names.archive] {
        try await both.createOnServer(folder)
        try await both.append(4, to: folder)
      }
      try await installation.syncCleanly()
      try installation.configure(remote: place.lines, local: local, rules: ["exclude = [\"Work\"]"])
      let mails = await both.mails
      try await both.expunge(mails[0], in: Names.work)
      try await both.unlink(mails[1], in: Names.work)
      try await both.append(1, to: Names.archive)
      #expect(try await installation.syncCleanly().transferred == 1)
      #expect(try await client.status(Names.work).messages == 3)
      #expect(try await installation.watch.tree()[Names.work].count == 3)
      // What was deleted meanwhile is seen as such now, on both sides.
      try installation.configure(remote: place.lines, local: local, rules: [])
      try await installation.syncCleanly()
      #expect(try await both.differences() == [])
      #expect(try await installation.syncCleanly().isEmpty)
    }
  }

  @Test("a rule that changes a folder's name moves no mail to the bin (L1, L8)")
  func renamedLater() async throws {
    try await DovecotServer.running { server in
      let client = try await server.client("a")
      let place = ServerPlace.tls(server, user: "a")
      let installation = try Installation(place)
      let both = BothSides(installation, client)
      try await both.createOnServer(Names.work)
      try await both.append(4, to: Names.work)
      try await installation.syncCleanly()
      let rename = #"rename = { "Work" = "Office" }"#
      try installation.configure(
        remote: place.lines, local: ["path = \"\(installation.maildir)\"", "layout = \"nested\""], rules: [rename])
      let report = try await installation.syncCleanly()
      #expect(report.local.deleted == 0)
      #expect(report.remote.deleted == 0)
      #expect(try await client.status(Names.work).messages == 4)
      #expect(try await installation.watch.tree()[Names.folder("Office")].count == 4)
      #expect(try await installation.syncCleanly().isEmpty)
    }
  }

  @Test("`folders` tells of each where it goes, or why it goes nowhere")
  func told() async throws {
    try await DovecotServer.running { server in
      let client = try await server.client("a")
      let installation = try Installation(
        .tls(server, user: "a"), rules: [#"exclude = ["Spam"]"#, #"rename = { "[Gmail]/*" = "*" }"#])
      for folder in [Self.sent, Self.spam, Names.folder("Entwürfe")] { try await client.create(folder) }
      try installation.maildirFolder(Names.here).make()
      let result = try await ChildProcess.run(
        installation.command(["folders"]), environment: installation.environment)
      let lines = result.output.split(separator: "\n").map(String.init)
      func line(_ start: String) -> String { lines.first { $0.hasPrefix(start) } ?? "" }
      #expect(line("[Gmail]/Sent Mail").contains("Sent Mail"), "\(result.output)")
      #expect(line("Spam").contains("excluded by"), "\(result.output)")
      #expect(line("Entwürfe").contains("Entwürfe"), "\(result.output)")
      #expect(result.output.contains("\(Names.here)"), "\(result.output)")
    }
  }
}
