import Foundation
import Mail
import Support
import Testing

/// Folders on their way: whatever they are called, whoever makes, renames and removes them.
@Suite("Folders are the same on both sides", .notAllAtOnce)
struct FoldersTests {
  enum How: String, CaseIterable { case sync, run }

  /// How often something that must happen in one instant is tried; more by hand.
  static let batchesMax = 25
  static let repetitions = ProcessInfo.processInfo.environment["MARTLET_REPETITIONS"].flatMap(Int.init) ?? 4

  @Test(
    "names of every script and sign have a safe directory, from either side and back (L2, L12)",
    arguments: [
      (Hierarchy.slash, MaildirTree.Layout.nested, How.sync), (.slash, .maildirPlusPlus, .run),
      (.dot, .nested, .run), (.dot, .maildirPlusPlus, .sync),
    ])
  func names(hierarchy: Hierarchy, layout: MaildirTree.Layout, how: How) async throws {
    try await DovecotServer.running(hierarchy.options) { server in
      for isLocal in [false, true] {
        let client = try await server.client(isLocal ? "b" : "a")
        let installation = try Installation(.tls(server, user: client.user), layout: layout)
        let daemon = how == .run ? try await installation.start("-vv") : nil
        for folder in hierarchy.specimens {
          if isLocal {
            let directory = installation.maildir + "/" + folder.directory(layout)
            try MaildirFolder(path: directory).make()
            try MaildirFolder(path: directory).deliver(folder.message)
          } else {
            try await create(folder.name, by: client)
            try await client.append(folder.message, to: folder.name)
          }
        }
        if daemon == nil { try await installation.syncCleanly() }
        do {
          try await settle(installation, client, hierarchy.specimens)
        } catch {
          let way = isLocal ? "from the Maildir" : "from the server"
          throw SupportError("\(way): \(error)\n\(daemon?.standardErrors ?? "")")
        }
        // A new process knows them all by their ledger.
        if let daemon { #expect(await daemon.stop() == .exited(0)) }
        #expect(try await installation.syncCleanly().isEmpty)
        try await settle(installation, client, hierarchy.specimens)
      }
    }
  }

  /// Dovecot tells of a folder before it has made all of it; who looks into it at once makes the rest, and CREATE then
  /// says that it is there.
  private func create(_ folder: FolderName, by client: MailClient) async throws {
    do {
      try await client.create(folder)
    } catch {
      guard "\(error)".contains("[ALREADYEXISTS]") else { throw error }
    }
  }

  /// Waits until both sides hold these folders with their message, and INBOX.
  private func settle(
    _ installation: Installation, _ client: MailClient, _ specimens: [FolderSpecimen]
  ) async throws {
    let layout = installation.watch.layout
    var directories = [ExactText(layout == .nested ? "INBOX" : ""): [[UInt8]]()]
    for folder in specimens { directories[ExactText(folder.directory(layout))] = [folder.message.lineFeedForm] }
    let (root, wanted) = (installation.maildir, directories)
    do {
      try await installation.watch.wait(within: .seconds(30)) { _ in
        try MaildirDirectories(below: root).differences(from: wanted).isEmpty
      }
    } catch {
      throw SupportError(try MaildirDirectories(below: root).differences(from: wanted).joined(separator: "\n"))
    }
    var expected = ExpectedMail([.inbox])
    for folder in specimens {
      expected.add(folder.message, to: folder.name)
      try await client.waitForFolder(folder.name, exists: true)
      try await client.waitForMessages(1, in: folder.name)
    }
    let differences =
      try MaildirDirectories(below: root).differences(from: directories).map { "Maildir: " + $0 }
      + expected.differences(from: try await client.tree()).map { "server: " + $0 }
    guard differences.isEmpty else { throw SupportError(differences.joined(separator: "\n")) }
  }

  @Test(
    "a name that one side cannot have is named, costs nothing, and keeps no other from syncing (L11)",
    arguments: MaildirTree.Layout.allCases)
  func impossibleNames(layout: MaildirTree.Layout) async throws {
    try await DovecotServer.running { server in
      let client = try await server.client("a")
      let both = BothSides(try Installation(.tls(server, user: "a"), layout: layout), client)
      // Longer than a directory's name; and a sign that this server takes in no name.
      let long = Names.folder(String(repeating: "l", count: 201))
      let dotted = FolderSpecimen(["a.b"], flat: ".a%2Eb")
      try await client.create(long)
      try await client.append(SampleMail(number: 1).bytes, to: long)
      let unwanted = MaildirFolder(path: both.installation.maildir + "/" + dotted.directory(layout))
      try unwanted.make()
      try unwanted.deliver(dotted.message)
      try await both.createOnServer(Names.work)
      try await both.append(2, to: Names.work)
      for _ in 1...2 {
        let outcome = try await both.installation.sync()
        #expect(outcome.exitCode == 1)
        #expect(outcome.errors.contains("\(long)"), "\(outcome.errors)")
        #expect(outcome.errors.contains("a.b"), "\(outcome.errors)")
        #expect(try await both.installation.watch.tree()[Names.work].count == 2)
        #expect(try await client.status(long).messages == 1)
        let kept = try MaildirDirectories(below: both.installation.maildir).messages
        #expect(kept[ExactText(dotted.directory(layout))] == [dotted.message.lineFeedForm])
      }
    }
  }

  /// Messages bear dates of years ago while they still lie in `tmp`.
  @Test(
    "a folder made in the Maildir and filled at once is left in peace, and synced (L1)",
    arguments: [nil, "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE CONDSTORE QRESYNC NOTIFY LIST-STATUS"])
  func filledAtOnce(capability: String?) async throws {
    try await DovecotServer.running(DovecotOptions(capability: capability)) { server in
      try await Running.with(server, messages: 1) { both, _ in
        for number in 1...Self.repetitions {
          let folder = Names.made("here \(number)", "below")
          try await both.makeInMaildir(folder)
          // Until martlet has looked at it for the first time, and put something of it on the server; on a machine that
          // gives it no time for that, not without end.
          for _ in 1...Self.batchesMax {
            try await both.deliverBatch(8, to: folder)
            if try await both.client.holdsMessages(folder) { break }
          }
          try await both.settle(within: .seconds(60))
        }
      }
    }
  }
}

extension MailClient {
  /// False also where there is no such folder.
  fileprivate func holdsMessages(_ folder: FolderName) throws -> Bool {
    try folders().contains(folder) && status(folder).messages > 0
  }
}
