import IMAP
import Mail
import Support
import Testing

@Suite("Mailbox naming")
struct MailboxNamingTests {
  static let slash = MailboxNaming(delimiter: UInt8(ascii: "/"))
  static let courier = MailboxNaming(delimiter: UInt8(ascii: "."), prefix: Array("INBOX.".utf8))
  static let flat = MailboxNaming(delimiter: nil)
  static let rev2 = MailboxNaming(delimiter: UInt8(ascii: "/"), encoding: .utf8)

  private static func name(_ components: [String]) throws -> FolderName {
    try #require(FolderName(components: components))
  }

  @Test(
    "a name on the wire reads as a folder, and the folder as that name",
    arguments: [
      (slash, "INBOX", ["INBOX"]), (slash, "INBOX/a", ["INBOX", "a"]), (slash, "Lists/swift", ["Lists", "swift"]),
      (slash, "Entw&APw-rfe/R&-D", ["Entwürfe", "R&D"]), (slash, "a.b", ["a.b"]), (slash, "100%", ["100%"]),
      (courier, "INBOX", ["INBOX"]), (courier, "INBOX.Sent", ["Sent"]), (courier, "INBOX.a.b", ["a", "b"]),
      (courier, "INBOX.INBOX.a", ["INBOX", "a"]), (courier, "INBOX.a/b", ["a/b"]), (flat, "a/b.c", ["a/b.c"]),
      (rev2, "Entwürfe/R&D", ["Entwürfe", "R&D"]), (rev2, "&APw-", ["&APw-"]),
      // Kept raw: undecodable, empty, or taken for what it is not.
      (slash, "Entw&APw", ["&raw:Entw&APw"]), (slash, "ok/Entwürfe", ["ok", "&raw:Entwürfe"]),
      (slash, "a//b", ["a", "&raw:", "b"]), (slash, "a/", ["a", "&raw:"]), (slash, "a/&-raw:x", ["a", "&raw:&-raw:x"]),
      (slash, "inbox/a", ["&raw:inbox", "a"]), (courier, "INBOX.INBOX", ["&raw:INBOX"]),
      // An accent, or what joins, makes one character with the mark before it.
      (slash, "\u{301}x", ["&raw:\u{301}x"]), (slash, "a/\u{200D}x", ["a", "&raw:\u{200D}x"]),
      (rev2, "&raw:\u{301}x", ["&raw:&raw:\u{301}x"]),
      (slash, "x=&", ["&raw:x=3D&"]), (slash, "a\tb", ["&raw:a=09b"]),
    ])
  func bothWays(_ naming: MailboxNaming, _ wire: String, _ components: [String]) throws {
    let mailbox = try #require(MailboxName(wire))
    let folder = try Self.name(components)
    #expect(naming.folderName(for: mailbox)?.components == components)
    #expect(naming.mailboxName(for: folder) == mailbox)
  }

  @Test("octets that are no UTF-8 come back exactly (law L12)")
  func octets() throws {
    let mailbox = try #require(MailboxName(bytes: [0x61, 0xC3, 0x2F, 0xFF, 0x01]))
    let folder = try #require(Self.slash.folderName(for: mailbox))
    #expect(folder.components == ["&raw:a=C3", "&raw:=FF=01"])
    #expect(Self.slash.mailboxName(for: folder) == mailbox)
  }

  @Test(
    "an event that names a mailbox in UTF-8 means the one in modified UTF-7 (Dovecot's NOTIFY)",
    arguments: [
      ("Entwürfe/R&D \"x\"", "Entw&APw-rfe/R&-D \"x\""), ("Entw&APw-rfe", "Entw&APw-rfe"), ("new", "new"),
      ("known ü", "known ü"),
    ])
  func meant(_ said: String, _ meant: String) throws {
    let known = try #require(MailboxName("known ü"))
    let said = try #require(MailboxName(said))
    #expect(Self.slash.mailbox(meantBy: said) { $0 == known } == MailboxName(meant))
    #expect(Self.rev2.mailbox(meantBy: said) { $0 == known } == said)
  }

  @Test("octets that are no UTF-8 mean themselves")
  func meantRaw() throws {
    let name = try #require(MailboxName(bytes: [0xFF, 0x26]))
    #expect(Self.slash.mailbox(meantBy: name) { _ in false } == name)
  }

  @Test("INBOX in any case is the inbox", arguments: ["inbox", "Inbox", "INBOX"])
  func inbox(_ wire: String) throws {
    let mailbox = try #require(MailboxName(wire))
    for naming in [Self.slash, Self.courier, Self.flat, Self.rev2] {
      #expect(naming.folderName(for: mailbox) == .inbox)
      #expect(naming.mailboxName(for: .inbox) == .inbox)
    }
  }

  @Test(
    "a folder that a server cannot express has no name there",
    arguments: [
      (courier, ["a.b"]), (slash, ["a/b"]), (flat, ["a", "b"]), (slash, ["&raw:abc"]), (slash, ["&raw:=4"]),
      (slash, ["&raw:=zz"]), (slash, ["&raw:a=3d"]), (slash, ["&raw:=41"]),
    ])
  func inexpressible(_ naming: MailboxNaming, _ components: [String]) throws {
    #expect(naming.mailboxName(for: try Self.name(components)) == nil)
  }

  @Test("what is outside the personal namespace is no folder", arguments: ["shared.a", "INBOXES", "user.x", ""])
  func outside(_ wire: String) throws {
    #expect(Self.courier.folderName(for: try #require(MailboxName(wire))) == nil)
  }

  @Test("whatever octets a server says, two names never become one folder (law L1)", arguments: 1...100)
  func injective(_ seed: UInt64) throws {
    var random = Dice(seed: seed)
    let alphabet = Array("INBOXinbox/./&-APw=raw:\u{FC}".utf8) + [0xFF, 0x01]
    let namings = [Self.slash, Self.courier, Self.flat, Self.rev2]
    for naming in namings {
      var seen: [FolderName: MailboxName] = [:]
      for _ in 0..<200 {
        let octets = (0..<Int.random(in: 0...8, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0
        }
        let mailbox = try #require(MailboxName(bytes: naming.prefix + octets))
        guard let folder = naming.folderName(for: mailbox), !folder.isInbox else { continue }
        #expect(naming.mailboxName(for: folder) == mailbox)
        if let other = seen.updateValue(mailbox, forKey: folder) { #expect(other == mailbox) }
      }
    }
  }
}
