import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Testing

@Suite("Looking at a Maildir")
struct LookTests {
  @Test("a look shows what both directories hold, flags and all")
  func lookShowsAll() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/dovecot-keywords", "0 todo\n")
      try maildir.write("INBOX/new/a", "x")
      try maildir.write("INBOX/new/b:2,F", "x")
      try maildir.write("INBOX/cur/c,S=1:2,SaZ", "x")
      try maildir.write("INBOX/cur/d", "x")
      try maildir.write("INBOX/cur/.hidden", "x")
      let look = try await maildir.lookWide()
      #expect(look.coverage == .complete)
      #expect(look.present.count == 4)
      #expect(look.present[.file("a")] == Observation(flags: .none))
      #expect(look.present[.file("b")] == Observation(flags: FlagSet(.flagged)))
      #expect(look.present[.file("c,S=1")] == Observation(flags: FlagSet(.seen, keywords: [try keyword("todo")])))
      #expect(look.present[.file("d")] == Observation(flags: .none))
      #expect(look.unreadable.isEmpty)
      await maildir.remove()
    }
  }

  @Test("what is no message is named with the reason, and never taken for gone")
  func oddFiles() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.symlink("/etc/passwd", "INBOX/cur/link:2,S")
      try maildir.makeDirectory("INBOX/cur/directory")
      try maildir.write("INBOX/cur/:2,S", "no unique part")
      try maildir.write("INBOX/new/twice", "x")
      try maildir.write("INBOX/cur/twice:2,S", "x")
      try maildir.write("INBOX/cur/thrice:2,F", "x")
      try maildir.write("INBOX/cur/thrice:2,FS", "x")
      let look = try await maildir.lookWide()
      #expect(look.present.keys.sorted() == [.file("thrice"), .file("twice")])
      #expect(look.present[.file("twice")]?.flags == FlagSet(.seen))
      #expect(look.present[.file("thrice")]?.flags == FlagSet(.flagged))
      #expect(
        look.unreadable.keys.sorted() == [
          .file("cur/:2,S"), .file("cur/thrice:2,FS"), .file("directory"), .file("link"), .file("new/twice"),
        ])
      let again = try await maildir.lookWide()
      #expect(again.present == look.present && again.unreadable == look.unreadable)
      let asked = look.unreadable.keys + [.file("nobody")]
      let narrow = try await maildir.store.look(at: .inbox, .messages(Set(asked)))
      #expect(narrow.unreadable == look.unreadable)
      #expect(narrow.gone == [.file("nobody")])
      #expect(try await maildir.read(.file("link")) == nil)
      await maildir.remove()
    }
  }

  @Test("a name that is not UTF-8 is told of and left alone")
  func undecodableName() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try makeRawFile(in: "\(maildir.path)/INBOX/cur", name: [0x61, 0xFF, 0x62])
      let look = try await maildir.lookWide()
      #expect(look.coverage == .complete)
      #expect(look.present.isEmpty)
      #expect(look.unreadable.count == 1)
      await maildir.remove()
    }
  }

  @Test("a name of 255 bytes is read, and a flag that does not fit leaves it as it is (law L11)")
  func longestName() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      let unique = String(repeating: "x", count: 252)
      try maildir.write("INBOX/cur/\(unique):2,", "x")
      #expect(try await maildir.lookWide().present[.file(unique)] != nil)
      let seen = FlagChange(key: .file(unique), adding: FlagSet(.seen), removing: .none)
      #expect(try await maildir.store.update([seen], in: .inbox).shown == [.file(unique): .none])
      #expect(maildir.names("INBOX/cur") == ["\(unique):2,"])
      await maildir.remove()
    }
  }

  @Test("a settled checkpoint spares the listing, and a change since makes it wide again")
  func checkpoints() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/cur/a:2,S", "x")
      // However slow this machine is, it is not a minute late.
      try maildir.setTime("INBOX/cur", Int(maildir.clock.wallTime.seconds) + 60)
      let young = try await maildir.lookWide()
      guard case .maildir(let unsettled)? = young.checkpoint else { throw StoreError(.account, .gone, "no checkpoint") }
      #expect(!unsettled.isSettled)
      #expect(try await maildir.lookWide(since: young.checkpoint).coverage == .complete)
      for directory in ["INBOX/cur", "INBOX/new"] { try maildir.setTime(directory, 1_000_000_000) }
      let settled = try await maildir.lookWide()
      let again = try await maildir.lookWide(since: settled.checkpoint)
      #expect(again == Look(coverage: .changes, checkpoint: settled.checkpoint))
      let entry = try #require(try await maildir.store.folders().first)
      #expect(entry.checkpoint == settled.checkpoint)
      try maildir.rename("INBOX/cur/a:2,S", "INBOX/cur/a:2,FS")
      #expect(try await maildir.lookWide(since: settled.checkpoint).present[.file("a")] != nil)
      await maildir.remove()
    }
  }

  @Test(
    "a folder without cur or new is still a folder, and of what was in it nothing is gone (L8)",
    arguments: ["cur", "new"])
  func missingDirectory(part: String) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["A"])
      let kept = part == "cur" ? "new/a" : "cur/a:2,S"
      try maildir.write("A/\(kept)", "Subject: a\n\na\n")
      try maildir.removeDirectory("A/\(part)")
      #expect(try await maildir.store.folders().map(\.name) == [name("A")])
      let look = try await maildir.store.look(at: name("A"), .wide(since: nil))
      #expect(look.missingPart == part)
      #expect(look.coverage == .changes)
      #expect(look.isPartial)
      #expect(look.present.keys.map(\.self) == [.file("a")])
      let error = await #expect(throws: StoreError.self) {
        try await maildir.store.look(at: name("A"), .messages([.file("x")]))
      }
      #expect(error?.scope == .folder)
      try await maildir.store.createFolder(name("A"))
      let whole = try await maildir.store.look(at: name("A"), .wide(since: nil))
      #expect(whole.missingPart == nil)
      #expect(whole.coverage == .complete)
      await maildir.remove()
    }
  }

  @Test("a folder without cur and new is gone, and never an empty look (L8)")
  func missingDirectories() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["A"])
      for part in ["cur", "new"] { try maildir.removeDirectory("A/\(part)") }
      #expect(try await maildir.store.folders().isEmpty)
      for scope in [LookScope.wide(since: nil), .pending, .messages([.file("x")])] {
        let error = await #expect(throws: StoreError.self) { try await maildir.store.look(at: name("A"), scope) }
        #expect(error?.kind == .gone)
      }
      await maildir.remove()
    }
  }

  @Test("what is to be secured may be gone with its folder, but not with the whole Maildir (L3, L8)")
  func securingInGoneFolder() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["INBOX", "Box"])
      let box = try name("Box")
      try maildir.write("Box/cur/a:2,S", "x")
      _ = try await maildir.store.look(at: box, .wide(since: nil))
      removeTree(maildir.path + "/Box")
      try await maildir.store.secure([.file("a")], in: box)
      removeTree(maildir.path)
      await #expect(throws: StoreError.self) { try await maildir.store.secure([.file("a")], in: box) }
      await maildir.remove()
    }
  }

  @Test(
    "a file that a mail reader renames while it is secured is secured under its next name, or the folder fails (L4)",
    arguments: [(1, true), (7, true), (8, false), (.max, false)])
  func securingWhileRenamed(renames: Int, isSecured: Bool) async throws {
    try await Reactor.onShared {
      let (maildir, disk) = try await Self.faulty()
      try maildir.write("INBOX/cur/a:2,", "x")
      _ = try await maildir.lookWide()
      var count = 0
      disk.onBarrier = { files throws(FileError) in
        guard let file = files.first(where: { $0.contains("a:2,") }), count < renames else { return }
        count += 1
        #expect(throws: Never.self) { try maildir.rename(file, count % 2 == 1 ? "INBOX/cur/a:2,S" : "INBOX/cur/a:2,") }
        throw FileError(.notFound, path: file, "sync \(file): No such file or directory")
      }
      if isSecured {
        try await maildir.store.secure([.file("a")], in: .inbox)
        #expect(disk.durable.contains(count % 2 == 1 ? "INBOX/cur/a:2,S" : "INBOX/cur/a:2,"))
      } else {
        let error = await #expect(throws: StoreError.self) {
          try await maildir.store.secure([.file("a")], in: .inbox)
        }
        #expect(error?.scope == .folder && error?.kind == .internalFault)
      }
      #expect(count == min(renames, 8))
      await maildir.remove()
    }
  }

  @Test("what is to be secured in a folder that lost a part is not taken for secured (L4)")
  func securingInHalfAFolder() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/cur/a:2,", "x")
      _ = try await maildir.lookWide()
      try maildir.removeDirectory("INBOX/new")
      for _ in 0..<2 {
        let error = await #expect(throws: StoreError.self) {
          try await maildir.store.secure([.file("a")], in: .inbox)
        }
        #expect(error?.scope == .folder)
        await #expect(throws: StoreError.self) { try await maildir.store.secureNames(in: .inbox) }
      }
      await maildir.remove()
    }
  }

  @Test("of two messages under one name neither is left alone under it, where only one can be renamed (L3, L4)")
  func separatingByHalf() async throws {
    try await Reactor.onShared {
      let (maildir, disk) = try await Self.faulty(secondsAhead: 3600)
      try maildir.write("INBOX/cur/a:2,", "one")
      try maildir.write("INBOX/cur/a:2,S", "two")
      var renamed: [String] = []
      disk.onRename = { source, _ throws(FileError) in
        renamed.append(source)
        guard source == "INBOX/cur/a:2," else { return }
        throw FileError(.accessDenied, path: source, "rename \(source): not permitted")
      }
      let look = try await maildir.lookWide()
      #expect(renamed.count == 3 && renamed.first == "INBOX/cur/a:2,S")
      #expect(maildir.names("INBOX/cur") == ["a:2,", "a:2,S"])
      #expect(Set(look.present.keys) == [.file("a")] && look.unreadable.count == 1)
      // Where even that fails, nothing is concluded of the name.
      disk.onRename = { source, _ throws(FileError) in
        if source != "INBOX/cur/a:2,S" { throw FileError(.failed, path: source, "rename \(source): broken") }
      }
      await #expect(throws: StoreError.self) { try await maildir.lookWide() }
      await maildir.remove()
    }
  }

  @Loop
  private static func faulty(secondsAhead: Int64 = 0) async throws -> (MaildirFixture, FaultyFileSystem) {
    let path = try temporaryDirectory()
    let disk = FaultyFileSystem(root: path)
    let maildir = try MaildirFixture(.nested, path, nil, fileSystem: disk, secondsAhead: secondsAhead)
    try await maildir.store.open()
    try await maildir.store.createFolder(.inbox)
    return (maildir, disk)
  }

  @Test("keywords that Dovecot names later are shown, although the directories stand still")
  func tableChanges() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/cur/a:2,b", "x")
      for directory in ["INBOX/cur", "INBOX/new"] { try maildir.setTime(directory, 1_000_000_000) }
      let before = try await maildir.lookWide()
      #expect(before.present[.file("a")]?.flags == FlagSet.none)
      try maildir.write("INBOX/dovecot-keywords", "1 late\n")
      let after = try await maildir.lookWide(since: before.checkpoint)
      #expect(after.present[.file("a")]?.flags == FlagSet(keywords: [try keyword("late")]))
      await maildir.remove()
    }
  }

  @Test("keywords that Dovecot names later are shown by the look after one that failed at any step (L6)")
  func tableChangesAndLookFails() async throws {
    try await Reactor.onShared {
      var fault = 1
      var wasHit = true
      while wasHit {
        let path = try temporaryDirectory()
        let system = FaultyFileSystem(root: path, .once(.failed))
        let maildir = try MaildirFixture(.nested, path, nil, fileSystem: system)
        try await maildir.store.open()
        try await maildir.store.createFolder(.inbox)
        try maildir.write("INBOX/cur/a:2,b", "x")
        for directory in ["INBOX/cur", "INBOX/new"] { try maildir.setTime(directory, 1_000_000_000) }
        let before = try await maildir.lookWide()
        try maildir.write("INBOX/dovecot-keywords", "1 late\n")
        system.faultAt = system.operationCount + fault
        var look: Look?
        for _ in 0..<2 where look == nil {
          do { look = try await maildir.lookWide(since: before.checkpoint) } catch { #expect(system.faultAt == nil) }
        }
        wasHit = system.faultAt == nil
        let late = FlagSet(keywords: [try keyword("late")])
        #expect(look?.present[.file("a")]?.flags == late, "operation \(fault) failed")
        await maildir.remove()
        fault += 1
      }
      #expect(fault > 5)
    }
  }

  @Test("leftovers in tmp go, another program's fresh ones stay")
  func draftsAreSwept() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/tmp/1.M2P3Q4Rab.host", "ours, from a dead process")
      try maildir.write("INBOX/tmp/theirs", "being delivered")
      // Procmail, mbsync and others date a message before they rename it.
      try maildir.write("INBOX/tmp/dated", "being delivered, and of years ago", date: 1_000_000_000)
      _ = try await maildir.lookWide()
      #expect(maildir.names("INBOX/tmp") == ["dated", "theirs"])
      await maildir.remove()
    }
  }

  @Test("what others left in tmp goes after 36 hours without a sign of life", arguments: [35, 37])
  func givenUp(hours: Int64) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(secondsAhead: hours * 3600)
      try maildir.write("INBOX/tmp/theirs", "given up")
      _ = try await maildir.lookWide()
      #expect(maildir.names("INBOX/tmp") == (hours > 36 ? [] : ["theirs"]))
      await maildir.remove()
    }
  }

  @Test("a message whose file cannot be read is named, and does not keep the others (law L11)")
  func unreadableFile() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/cur/fine:2,", "x")
      try maildir.write("INBOX/cur/odd:2,", "x")
      let look = try await maildir.lookWide()
      #expect(look.present.count == 2)
      // It becomes a link while the engine plans: never is the target's content given away.
      try maildir.unlink("INBOX/cur/odd:2,")
      try maildir.symlink("/etc/passwd", "INBOX/cur/odd:2,")
      var failures = 0
      try await maildir.store.read([.file("odd"), .file("fine")], in: .inbox) { _, content in
        if case .failure(let error) = content { failures += error.scope == .message ? 1 : 100 }
      }
      #expect(failures == 1)
      let identified = try await maildir.store.identify(look.present.keys.sorted(), in: .inbox)
      #expect(identified.keys.map { $0 } == [.file("fine")])
      let narrow = try await maildir.store.look(at: .inbox, .messages([.file("odd"), .file("fine")]))
      #expect(narrow.present.keys.map { $0 } == [.file("fine")])
      #expect(narrow.unreadable.keys.map { $0 } == [.file("odd")])
      #expect(narrow.gone.isEmpty)
      await maildir.remove()
    }
  }

  @Test("a file that changes while it is read is not sent as if it were whole")
  func changingFile() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/cur/a:2,", "one\ntwo\n", date: 1_000_000_000)
      try await maildir.store.read([.file("a")], in: .inbox) { _, content throws(StoreError) in
        let content = try content.get()
        Result { try maildir.write("INBOX/cur/a:2,", "one\ntwo\nthree\n") }.expectSuccess()
        await #expect(throws: StoreError.self) { while try await content.next() != nil {} }
      }
      // A rename is no change: the content goes on, and the message is found under its new name.
      try maildir.write("INBOX/cur/b:2,", "one\ntwo\n")
      try await maildir.store.read([.file("b")], in: .inbox) { _, content throws(StoreError) in
        let content = try content.get()
        Result { try maildir.rename("INBOX/cur/b:2,", "INBOX/cur/b:2,S") }.expectSuccess()
        #expect(try await content.next() == Array("one\r\ntwo\r\n".utf8))
        #expect(try await content.next() == nil)
      }
      #expect(try await maildir.read(.file("b")) == "one\r\ntwo\r\n")
      await maildir.remove()
    }
  }

  @Test(
    "files in any form are read",
    arguments: [
      ("", ""), ("a", "a"), ("a\r\nb\r\n", "a\r\nb\r\n"), ("a\r\nb\n", "a\r\r\nb\r\n"), ("h: x\n", "h: x\r\n"),
    ])
  func forms(file: String, wire: String) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/new/a", file)
      #expect(try await maildir.read(.file("a")) == wire)
      let identified = try await maildir.store.identify([.file("a"), .file("gone")], in: .inbox)
      #expect(identified[.file("a")]?.identity.wireSize == wire.utf8.count)
      #expect(identified.count == 1)
      await maildir.remove()
    }
  }
}

extension Result {
  fileprivate func expectSuccess() {
    if case .failure(let error) = self { Issue.record("\(error)") }
  }
}
