import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Testing

@Suite("Changing a Maildir")
struct ChangeTests {
  @Test(
    "flags are renames that keep the unique name",
    arguments: [
      ("new/a", SystemFlags.seen, SystemFlags(), "cur/a:2,S"), ("new/a", .flagged, [], "new/a:2,F"),
      ("new/a:2,F", [], .flagged, "new/a"), ("cur/a", [.seen, .answered], [], "cur/a:2,RS"),
      ("cur/a:2,SFz", [], .seen, "cur/a:2,Fz"), ("cur/a:2,S", [], .seen, "cur/a:2,"),
      ("cur/a,S=3,U=9:2,", .draft, [], "cur/a,S=3,U=9:2,D"), ("cur/a:2,SF", .seen, [], "cur/a:2,SF"),
      ("cur/a", [], .seen, "cur/a"),
    ] as [(String, SystemFlags, SystemFlags, String)])
  func flags(before: String, adding: SystemFlags, removing: SystemFlags, after: String) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/\(before)", "x", date: 1_000_000_000)
      let unique = MaildirFileName(String(before.dropFirst(4))).unique
      let change = FlagChange(key: .file(unique), adding: FlagSet(adding), removing: FlagSet(removing))
      let gone = FlagChange(key: .file("gone"), adding: FlagSet(adding), removing: .none)
      let shown = try await maildir.store.update([change, gone], in: .inbox).shown
      #expect(
        maildir.names("INBOX/cur").map { "cur/\($0)" } + maildir.names("INBOX/new").map { "new/\($0)" } == [after])
      #expect(maildir.time("INBOX/\(after)") == 1_000_000_000)
      #expect(shown == [.file(unique): try await maildir.lookWide().present[.file(unique)]?.flags ?? FlagSet(.all)])
      await maildir.remove()
    }
  }

  @Test(
    "a file that another program moved here keeps its keywords, in this folder's letters (L6)",
    arguments: [
      // Its letters are those of the folder it comes from, whatever they mean here.
      ("cur/a:2,FSac", ["work", "todo"], "cur/a:2,FSbd"),
      // Those were given here, a moment after the move, whatever they mean there; one of them means nothing.
      ("cur/a:2,Sae", ["work"], "cur/a:2,Sbe"), ("cur/a:2,Fbdz", ["todo"], "cur/a:2,Fbd"),
      // Done before, and only the answer was lost.
      ("cur/a:2,Sbd", ["work", "todo"], "cur/a:2,Sbd"),
      // No letter: somebody took the keywords away.
      ("cur/a:2,S", ["work"], "cur/a:2,S"), ("new/a", ["work"], "new/a"),
      ("cur/a:2,PSaf", ["$Forwarded"], "cur/a:2,PSa"),
    ] as [(String, [String], String)])
  func carryOver(before: String, keywords: [String], after: String) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["INBOX", "Old"])
      try maildir.write("INBOX/dovecot-keywords", "0 other\n1 work\n3 todo\n4 new\n")
      try maildir.write("Old/dovecot-keywords", "0 work\n1 more\n2 todo\n3 yet more\n")
      try maildir.write("INBOX/\(before)", "x")
      let flags = FlagSet(.seen, keywords: keywords.compactMap { Keyword($0) })
      let old = try #require(FolderName("Old"))
      let shown = try await maildir.store.carryOver([.file("a"): flags, .file("gone"): flags], from: old, in: .inbox)
      #expect(
        maildir.names("INBOX/cur").map { "cur/\($0)" } + maildir.names("INBOX/new").map { "new/\($0)" } == [after])
      #expect(shown == [.file("a"): try await maildir.lookWide().present[.file("a")]?.flags ?? FlagSet(.all)])
      await maildir.remove()
    }
  }

  @Test("a message that was renamed meanwhile is found again")
  func renamedMeanwhile() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/new/a", "x")
      _ = try await maildir.lookWide()
      try maildir.rename("INBOX/new/a", "INBOX/cur/a:2,S")
      let change = FlagChange(key: .file("a"), adding: FlagSet(.flagged), removing: .none)
      #expect(try await maildir.store.update([change], in: .inbox).shown == [.file("a"): FlagSet([.seen, .flagged])])
      #expect(maildir.names("INBOX/cur") == ["a:2,FS"])
      await maildir.remove()
    }
  }

  @Test("a copy is a link under a fresh name, with its keywords in the other folder's letters")
  func copy() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["INBOX", "A"])
      try maildir.write("INBOX/dovecot-keywords", "0 other\n3 todo\n")
      try maildir.write("A/dovecot-keywords", "0 first\n")
      try maildir.write("INBOX/cur/a,S=1:2,FSdz", "x", date: 1_000_000_000)
      try maildir.write("INBOX/new/b", "y")
      let keys: [MessageKey] = [.file("a,S=1"), .file("b"), .file("gone")]
      let copied = try await maildir.store.copy(keys, from: .inbox, to: name("A"))
      #expect(copied.count == 2)
      let unique = try #require(copied[.file("a,S=1")]?.fileName)
      #expect(maildir.names("A/cur") == ["\(unique):2,FSb"])
      #expect(maildir.names("A/new") == [try #require(copied[.file("b")]?.fileName)])
      #expect(maildir.text("A/dovecot-keywords") == "0 first\n1 todo\n")
      #expect(maildir.time("A/cur/\(unique):2,FSb") == 1_000_000_000)
      #expect(maildir.names("INBOX/cur") == ["a,S=1:2,FSdz"])
      await maildir.remove()
    }
  }

  @Test("a move keeps the unique name where it is free")
  func move() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["INBOX", "A"])
      try maildir.write("INBOX/cur/a,U=7:2,S", "x")
      try maildir.write("INBOX/new/b", "y")
      try maildir.write("A/cur/b:2,F", "another message of this name")
      let moved = try await maildir.store.move(
        [.file("a,U=7"), .file("b"), .file("gone")], from: .inbox, to: name("A"))
      #expect(moved.keys.count == 2)
      #expect(moved.keys[.file("a,U=7")] == .file("a,U=7"))
      let fresh = try #require(moved.keys[.file("b")]?.fileName)
      #expect(fresh != "b")
      #expect(maildir.names("A/cur") == ["a,U=7:2,S", "b:2,F"])
      #expect(maildir.names("A/new") == [fresh])
      #expect(maildir.names("INBOX/cur").isEmpty && maildir.names("INBOX/new").isEmpty)
      // Nor is a name given again that the base still has.
      let back = try await maildir.store.move([.file("b")], from: name("A"), to: .inbox, taken: [.file("b")])
      #expect(maildir.names("INBOX/cur") == [try #require(back.keys[.file("b")]?.fileName) + ":2,F"])
      #expect(back.keys[.file("b")] != .file("b"))
      await maildir.remove()
    }
  }

  @Test("what is deleted can be taken back for a while, into another folder, and is gone once purged")
  func limbo() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["INBOX", "A"])
      try maildir.write("INBOX/dovecot-keywords", "0 todo\n")
      try maildir.write("INBOX/cur/a:2,Sa", "x", date: 1_000_000_000)
      try maildir.write("INBOX/new/b", "y")
      try maildir.write("INBOX/cur/c:2,", "z")
      let keys: [MessageKey] = [.file("a"), .file("b"), .file("c"), .file("gone")]
      let deletion = try await maildir.store.delete(keys, in: .inbox)
      #expect(deletion.gone == Set(keys))
      #expect(deletion.kept.count == 3)
      #expect(try await maildir.lookWide().present.isEmpty)
      let kept = try ["a", "b", "c"].map { try #require(deletion.kept[.file($0)]) }
      let restored = try await maildir.store.restore([kept[0], kept[1]], to: name("A"), taken: [.file("b")])
      #expect(restored[kept[0]] == .file("a"))
      let fresh = try #require(restored[kept[1]]?.fileName)
      #expect(fresh != "b")
      #expect(maildir.names("A/cur") == ["a:2,Sa"])
      #expect(maildir.names("A/new") == [fresh])
      #expect(maildir.time("A/cur/a:2,Sa") == 1_000_000_000)
      #expect(try await maildir.store.purge(kept) == [:])
      #expect(try await maildir.store.restore(kept, to: name("A"), taken: []).isEmpty)
      #expect(maildir.names(".martlet/limbo").isEmpty)
      await maildir.remove()
    }
  }

  @Test("what cannot be purged is told, and the others go (law L11)")
  func fastInLimbo() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      for name in ["a", "b", "c"] { try maildir.write("INBOX/cur/\(name):2,", name) }
      let keys: [MessageKey] = [.file("a"), .file("b"), .file("c")]
      let deletion = try await maildir.store.delete(keys, in: .inbox)
      let kept = try keys.map { try #require(deletion.kept[$0]) }
      let path = ".martlet/limbo/\(try #require(kept[1].fileName))"
      #expect(maildir.exists(path))
      // Somebody put a directory in its place.
      try maildir.unlink(path)
      try maildir.makeDirectory(path)
      try maildir.write("\(path)/x", "x")
      #expect(try await Array(maildir.store.purge(kept).keys) == [kept[1]])
      #expect(maildir.exists("\(path)/x"))
      #expect(try await maildir.store.purge(kept).count == 1)
      for key in [kept[0], kept[2]] { #expect(!maildir.exists(".martlet/limbo/\(try #require(key.fileName))")) }
      await maildir.remove()
    }
  }

  @Test(
    "a key from elsewhere never leads out of limbo (law L12)",
    arguments: ["../marker", "1.1/../../x", "1.1/a/b", "x", "/", "1.1/"])
  func hostileLimboKeys(key: String) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("x", "not a message")
      #expect(try await maildir.store.restore([.file(key)], to: .inbox, taken: []).isEmpty)
      #expect(try await maildir.store.purge([.file(key)]) == [:])
      #expect(maildir.exists("x") && maildir.exists(".martlet/marker"))
      await maildir.remove()
    }
  }

  @Test("limbo's leftovers go after an hour")
  func limboIsSwept() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      let now = maildir.clock.wallTime.seconds
      for batch in ["1000000000.1", "\(now - 60).1"] {
        try await maildir.store.createFolder(.inbox)
        if !maildir.exists(".martlet/limbo") { try maildir.makeDirectory(".martlet/limbo") }
        try maildir.makeDirectory(".martlet/limbo/\(batch)")
        try maildir.write(".martlet/limbo/\(batch)/a:2,S", "x")
      }
      // No deletions of ours, and no numbers to reckon with (L12).
      let strange = ["-9223372036854775808.1", "+1.1"]
      for name in strange { try maildir.makeDirectory(".martlet/limbo/\(name)") }
      try maildir.write(".martlet/1.M2P3Q4Rab.host", "a draft")
      try await maildir.store.open()
      #expect(Set(maildir.names(".martlet/limbo")) == Set(strange + ["\(now - 60).1"]))
      #expect(maildir.names(".martlet") == ["limbo", "marker"])
      // The ledger still knows the younger one.
      let restored = try await maildir.store.restore([.file("\(now - 60).1/a:2,S")], to: .inbox, taken: [])
      #expect(restored.count == 1)
      #expect(maildir.names("INBOX/cur") == ["a:2,S"])
      await maildir.remove()
    }
  }

  @Test("what the letters mean is made durable with the names, once, where another program wrote it (L4)")
  func durableTable() async throws {
    try await Reactor.onShared {
      let path = try temporaryDirectory()
      let disk = FaultyFileSystem(root: path)
      let maildir = try MaildirFixture(.nested, path, nil, fileSystem: disk)
      try await maildir.store.open()
      try await maildir.store.createFolder(.inbox)
      try maildir.write("INBOX/dovecot-keywords", "0 work\n")
      try maildir.write("INBOX/cur/a:2,a", "x")
      _ = try await maildir.lookWide()
      try await maildir.store.secureNames(in: .inbox)
      #expect(Set(disk.durable) == ["INBOX/dovecot-keywords", "INBOX", "INBOX/cur", "INBOX/new"])
      try await maildir.store.secureNames(in: .inbox)
      #expect(Set(disk.durable) == ["INBOX/cur", "INBOX/new"])
      try maildir.write("INBOX/dovecot-keywords", "0 work\n1 play\n")
      try await maildir.store.secure([.file("a")], in: .inbox)
      #expect(disk.durable.contains("INBOX/dovecot-keywords"))
      await maildir.remove()
    }
  }
}
