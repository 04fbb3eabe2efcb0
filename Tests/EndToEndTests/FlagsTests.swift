import Foundation
import Mail
import Support
import Testing

/// Flags and keywords, whatever either side can hold of them (law L6).
@Suite("Flags are the same on both sides, as far as both can hold them", .notAllAtOnce)
struct FlagsTests {
  typealias How = FoldersTests.How

  /// Every set of the five system flags.
  private static let systemSets = (0...SystemFlags.all.rawValue).map { SystemFlags(rawValue: $0) }

  /// What an atom may be, and no Maildir or server here is surprised by: 20 of them.
  private static let odd = [
    "$MDNSent", "a/b", "x:y", "x;2,S", "<tag>", "#1", "~", "^", "&amp", "a.b", "+1", "@home", "=", "|", "`id`", "-",
    "_",
    "'q'", "NIL", "[x", "}",
  ].map(Names.keyword)

  @Test("every set of system flags, each way", arguments: How.allCases)
  func system(how: How) async throws {
    try await play(how, messages: Self.systemSets.count * 2) { both, settle in
      let mails = await both.mails
      for (mail, flags) in zip(mails, Self.systemSets) {
        try await both.storeOnServer(.replace, FlagSet(flags), mail)
      }
      for (mail, flags) in zip(mails.dropFirst(Self.systemSets.count), Self.systemSets) {
        try await both.mark(FlagSet(flags), mail)
      }
      try await settle()
      // And back: what was set goes, what was not comes.
      for (mail, flags) in zip(mails, Self.systemSets) {
        try await both.mark(FlagSet(SystemFlags.all.subtracting(flags)), mail)
      }
      for (mail, flags) in zip(mails.dropFirst(Self.systemSets.count), Self.systemSets) {
        try await both.storeOnServer(.replace, FlagSet(SystemFlags.all.subtracting(flags)), mail)
      }
      try await settle()
      // Marked \Deleted, on either side, is not deleted: nobody expunged it (L10).
      #expect(try await both.count() == mails.count)
    }
  }

  @Test("keywords of every legal sign, $Forwarded as the letter P, each way and back", arguments: How.allCases)
  func keywords(how: How) async throws {
    let keywords = Self.odd + [.forwarded]
    try await play(how, messages: keywords.count * 2) { both, settle in
      let mails = await both.mails
      for (mail, keyword) in zip(mails, keywords) {
        try await both.storeOnServer(.add, FlagSet(keywords: [keyword]), mail)
      }
      // Two that give letters at the same moment would both take the same one: the table has no lock.
      try await settle()
      for (mail, keyword) in zip(mails.dropFirst(keywords.count), keywords) {
        try await both.mark(FlagSet(.seen, keywords: [keyword]), mail)
      }
      try await settle()
      for mail in [mails[keywords.count - 1], mails[2 * keywords.count - 1]] {
        #expect(try await both.entry(of: mail).letters.contains("P"))
      }
      for mail in mails.prefix(keywords.count) { try await both.mark(.none, mail) }
      for mail in mails.dropFirst(keywords.count) { try await both.storeOnServer(.replace, .none, mail) }
      try await settle()
    }
  }

  @Test("flags changed on both sides at once merge one by one (L6)", arguments: How.allCases)
  func merge(how: How) async throws {
    let names: [FlagSet] =
      SystemFlags.names.map { FlagSet($0.flag) } + [
        FlagSet(keywords: [Names.keyword]), FlagSet(keywords: [.forwarded]),
      ]
    try await play(how, messages: 8) { both, settle in
      let mails = await both.mails
      // Each flag has its own eight cases, and each message a different one for each flag.
      func flags(_ message: Int, _ bit: Int) -> FlagSet {
        names.enumerated().reduce(.none) { $0.union((message + $1.offset) >> bit & 1 == 1 ? $1.element : .none) }
      }
      for (index, mail) in mails.enumerated() { try await both.storeOnServer(.replace, flags(index, 0), mail) }
      try await settle()
      try await settle.meanwhile {
        for (index, mail) in mails.enumerated() {
          let (base, server, maildir) = (flags(index, 0), flags(index, 1), flags(index, 2))
          try await both.storeOnServer(.replace, server, mail)
          try await both.mark(maildir, mail)
          let added = server.union(maildir).subtracting(base)
          let kept = base.intersection(server).intersection(maildir)
          await both.expect { $0.change(mail.bytes, in: .inbox) { $0 = kept.union(added) } }
        }
      }
      try await settle()
    }
  }

  @Test("a Maildir holds 26 keywords of a folder; of the others none is lost on the server (L2, L6)")
  func tooMany() async throws {
    try await play(.sync, messages: 40) { both, _ in
      let mails = await both.mails
      let all = (1...40).map { Names.keyword("keyword\($0)") }
      for (mail, keyword) in zip(mails, all) {
        try await both.storeOnServer(.replace, FlagSet(keywords: [keyword]), mail)
      }
      try await both.storeOnServer(.add, FlagSet(keywords: all), mails[0])
      try await both.installation.syncCleanly()
      #expect(try await both.installation.syncCleanly().isEmpty)
      let held = try await both.inMaildir(mails[0]).keywords
      #expect(held.count == 26)
      #expect(try await both.onServer(mails[0]) == FlagSet(keywords: all))
      // Changes of other flags, and of a keyword that is held, take none of the rest along.
      try await both.mark(FlagSet(.seen, keywords: held.dropFirst()), mails[0])
      for mail in mails.dropFirst() {
        let keywords = try await both.inMaildir(mail).keywords
        try await both.mark(FlagSet(.flagged, keywords: keywords), mail)
      }
      try await both.installation.syncCleanly()
      #expect(try await both.onServer(mails[0]) == FlagSet(.seen, keywords: all.filter { $0 != held[0] }))
      for (mail, keyword) in zip(mails, all).dropFirst() {
        #expect(try await both.onServer(mail) == FlagSet(.flagged, keywords: [keyword]))
      }
      #expect(try await both.installation.syncCleanly().isEmpty)
    }
  }

  @Test(
    "what a server cannot hold stays in the Maildir, and is never taken for removed (L2, L6)", arguments: How.allCases)
  func narrowServer(how: How) async throws {
    // The owner may mark as seen and deleted, and nothing else: PERMANENTFLAGS says so, without `\*`.
    let rights = try TemporaryDirectory("rights")
    let file = try rights.write("* owner lrstipekxa\n", to: "acl")
    let options = DovecotOptions(
      extraConfiguration: """
        mail_plugins = acl
        protocol imap {
          mail_plugins = imap_zlib acl
        }
        plugin {
          acl = vfile:\(file)
        }
        """)
    try await play(how, messages: 6, options) { both, settle in
      let mails = await both.mails
      let unheld = FlagSet([.flagged, .answered, .draft], keywords: [Names.keyword, .forwarded])
      for mail in mails { try await both.mark(unheld.union(FlagSet(.seen)), mail) }
      try await settle.waiting { try await both.onServer(mails[5]) == FlagSet(.seen) }
      try await both.client.store(.remove, FlagSet(.seen), on: both.uid(of: mails[0]))
      try await both.client.store(.add, FlagSet(.deleted), on: both.uid(of: mails[1]))
      try await both.mark(FlagSet(.flagged), mails[2])
      try await settle.waiting {
        let found = [
          try await both.inMaildir(mails[0]), try await both.inMaildir(mails[1]), try await both.onServer(mails[2]),
        ]
        return found == [unheld, unheld.union(FlagSet([.seen, .deleted])), .none]
      }
      for mail in mails.dropFirst(3) { #expect(try await both.inMaildir(mail) == unheld.union(FlagSet(.seen))) }
      #expect(try await both.inMaildir(mails[2]) == FlagSet(.flagged))
      #expect(try await both.installation.syncCleanly().isEmpty)
    }
    rights.remove()
  }

  @Test(
    "what other programs do to dovecot-keywords is followed, and a lost table removes nothing (L6)",
    arguments: How.allCases)
  func table(how: How) async throws {
    try await play(how, messages: 4) { both, settle in
      let mails = await both.mails
      let (first, second, third) = (Names.keyword("first"), Names.keyword("second"), Names.keyword("third"))
      for mail in mails { try await both.storeOnServer(.add, FlagSet(keywords: [first]), mail) }
      try await settle()
      // A letter before its line, as Dovecot does it: then the line.
      let folder = both.installation.maildirFolder()
      let table = folder.path + "/dovecot-keywords"
      try folder.setLetters("az", of: try await both.entry(of: mails[0]).unique)
      try both.write("0 first\n25 second\n", to: table)
      await both.expect { $0.change(mails[0].bytes, in: .inbox) { $0 = FlagSet(keywords: [first, second]) } }
      try await settle()
      // Another meaning for a letter is another keyword for all who bear it.
      try both.write("0 third\n25 second\n", to: table)
      for mail in mails {
        await both.expect {
          $0.change(mail.bytes, in: .inbox) {
            $0 = $0.subtracting(FlagSet(keywords: [first])).union(FlagSet(keywords: [third]))
          }
        }
      }
      try await settle()
      // The table is lost: what the letters meant, only the server knows.
      try FileManager.default.removeItem(atPath: table)
      try folder.setLetters("aS", of: try await both.entry(of: mails[1]).unique)
      try await settle.waiting { try await both.onServer(mails[1]) == FlagSet(.seen, keywords: [third]) }
      #expect(try await both.onServer(mails[0]) == FlagSet(keywords: [second, third]))
      #expect(try await both.onServer(mails[2]) == FlagSet(keywords: [third]))
      #expect(try await both.installation.syncCleanly().isEmpty)
    }
  }
}
