import Foundation
import Mail
import Support
import Testing

/// Maildirs in which something is not as it should be, before a real server.
@Suite("A Maildir that is odd")
struct OddMaildirTests {
  @Test("is named at each pass with what cannot be synced, until that is mended (L11)")
  func unreadable() async throws {
    let (home, client) = try await Home.prepared("odd-unreadable")
    try await client.append(letter("one"))
    #expect(try await home.run("sync").ending == .exited(0))
    let inbox = home.maildir + "/INBOX/cur/"
    try FileManager.default.createSymbolicLink(atPath: inbox + "link:2,S", withDestinationPath: "nowhere")
    try FileManager.default.createDirectory(atPath: inbox + "directory", withIntermediateDirectories: false)
    try FileManager.default.createDirectory(atPath: home.maildir + "/Inbox", withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(atPath: home.maildir + "/Linked", withDestinationPath: "INBOX")
    for _ in 1...3 {
      let result = try await home.run("sync")
      #expect(result.ending == .exited(1))
      for reason in ["link: a symbolic link", "directory: a directory", "the local Inbox is left out"] {
        #expect(result.errors.contains(reason), "\(result.errors)")
      }
      #expect(!result.errors.contains("recovered") && !result.errors.contains("Linked"))
    }
    // The link to a directory is nothing to a sync.
    for name in [inbox + "link:2,S", inbox + "directory", home.maildir + "/Inbox"] {
      try FileManager.default.removeItem(atPath: name)
    }
    let mended = try await home.run("sync", "-v")
    #expect(mended.ending == .exited(0), "\(mended.errors)")
    #expect(mended.errors.contains("work: the local Linked is left out: a symbolic link"), "\(mended.errors)")
    #expect(try await client.status().messages == 1)
  }

  @Test("of another layout is another place: nothing is deleted for it on the server (L8)")
  func layout() async throws {
    let server = try await DovecotServer.shared()
    let (home, client) = try await Home.prepared("odd-layout")
    let names = try ["Lists/swift", "Empty"].map { try #require(FolderName($0)) }
    for name in names { try await client.create(name) }
    for folder in [.inbox, names[0]] { try await client.append(letter("in \(folder)"), to: folder) }
    #expect(try await home.run("sync").ending == .exited(0))
    for layout in ["maildir++", "nested"] {
      try home.configure(
        Home.account("work", on: server, user: "odd-layout", extra: "layout = \"\(layout)\""))
      let result = try await home.run("sync")
      // What the flat layout has put into the root is in no folder of the nested one.
      #expect(result.ending == .exited(layout == "nested" ? 1 : 0), "\(result.errors)")
      #expect(!result.output.contains("removed"))
      for folder in [.inbox, names[0]] { #expect(try await client.status(folder).messages == 1) }
      #expect(try await client.status(names[1]).messages == 0)
    }
  }

  @Test("that is filled as the server is gets nothing by a first sync, and the dry run says so")
  func migrated() async throws {
    let (home, client) = try await Home.prepared("odd-migrated")
    let letters = (1...3).map { letter("\($0)") }
    try await client.append(contentsOf: letters.map { .init($0) })
    let inbox = MaildirFolder(.inbox, below: home.maildir)
    try inbox.make()
    for letter in letters { _ = try inbox.deliver(letter) }
    let plan = try await home.run("sync", "--dry-run")
    #expect(plan.ending == .exited(0), "\(plan.errors)")
    #expect(plan.output.split(separator: "\n").allSatisfy { $0.hasPrefix("work: match local") }, "\(plan.output)")
    let sync = try await home.run("sync")
    #expect(sync.output.hasPrefix("work: nothing to do"), "\(sync.output)")
  }

  @Test("names a message whose file can have no flags, because its name is too long (L6, L11)")
  func longName() async throws {
    let (home, client) = try await Home.prepared("odd-long")
    let inbox = MaildirFolder(.inbox, below: home.maildir)
    try inbox.make()
    _ = try inbox.deliver(letter("one"), named: String(repeating: "x", count: 253))
    #expect(try await home.run("sync").ending == .exited(0))
    let uid = try #require(try await client.messages().first?.uid)
    try await client.store(.add, FlagSet(.flagged), on: [uid])
    let result = try await home.run("sync")
    #expect(result.ending == .exited(1))
    #expect(result.errors.contains("\\Flagged cannot be set: the file's name would be too long"), "\(result.errors)")
    #expect(try await client.flags()[uid] == FlagSet(.flagged))
  }
}
