import Disk
import Glibc
import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Testing

@Suite("The root and its folders")
struct RootTests {
  @Test("a new root gets a marker, and is known again by it")
  func markerIsKept() async throws {
    try await Reactor.onShared {
      let first = try await MaildirFixture.make()
      let marker = try #require(first.store.marker)
      #expect(first.text(".martlet/marker") == marker + "\n")
      await first.store.close()
      let second = try await MaildirFixture.make(folders: [], in: first.path, marker: marker)
      #expect(second.store.marker == marker)
      await second.store.close()
      let unaware = try await MaildirFixture.make(folders: [], in: first.path)
      #expect(unaware.store.marker == marker)
      await first.remove()
    }
  }

  @Test("an unmounted, emptied or exchanged root stops the account (law L8)", arguments: ["missing", "empty", "other"])
  func wrongRoot(what: String) async throws {
    try await Reactor.onShared {
      let path = try temporaryDirectory()
      let maildir = try MaildirFixture(.nested, what == "missing" ? "\(path)/not/there" : path, "expected")
      if what == "other" {
        try maildir.makeDirectory(".martlet")
        try maildir.write(".martlet/marker", "another\n")
      }
      let error = await #expect(throws: StoreError.self) { try await maildir.store.open() }
      #expect(error?.scope == .account)
      #expect(error?.kind == .needsPerson)
      #expect(DirectoryNames.of(path) == (what == "other" ? [".martlet"] : []))
      removeTree(path)
    }
  }

  @Test("a root is relied on when something is concluded from it; before, it may have been an empty mount point")
  func mountedLate() async throws {
    try await Reactor.onShared {
      let maildir = try MaildirFixture(.nested, try temporaryDirectory(), nil)
      let aside = maildir.path + ".aside"
      try await maildir.store.open()
      // Here the server did not answer, and now the disk is mounted.
      try #require(unsafe rename(maildir.path, aside) == 0)
      try await maildir.store.open()
      maildir.store.rely()
      try #require(unsafe rename(maildir.path, aside + "2") == 0)
      let error = await #expect(throws: StoreError.self) { try await maildir.store.open() }
      #expect(error?.kind == .needsPerson)
      for path in [aside, aside + "2"] { removeTree(path) }
      await maildir.remove()
    }
  }

  @Test("a root has the age that was left in it, and none where no such file is to be read")
  func age() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      #expect(try await maildir.store.age() == nil)
      for age in ["1", "4294967295"] {
        try await maildir.store.setAge(age)
        #expect(try await maildir.store.age() == age)
      }
      try maildir.write(".martlet/age", String(repeating: "1", count: 63) + "\n")
      #expect(try await maildir.store.age()?.count == 63)
      try maildir.write(".martlet/age", String(repeating: "1", count: 64) + "\n")
      #expect(try await maildir.store.age() == nil)
      try maildir.unlink(".martlet/age")
      try maildir.makeDirectory(".martlet/age")
      #expect(try await maildir.store.age() == nil)
      await maildir.remove()
    }
  }

  @Test("a root that another martlet has open is refused until it is closed (L3)")
  func heldRoot() async throws {
    try await Reactor.onShared {
      let first = try await MaildirFixture.make()
      let second = try MaildirFixture(.nested, first.path, nil)
      let error = await #expect(throws: StoreError.self) { try await second.store.open() }
      #expect(error?.scope == .account)
      #expect(error?.kind == .held)
      // Again for who has it.
      try await first.store.open()
      await first.store.close()
      try await second.store.open()
      #expect(second.store.marker.map { $0 + "\n" } == first.text(".martlet/marker"))
      await second.remove()
    }
  }

  @Test("a root that goes away under us stops the account, not the folder (law L8)")
  func rootVanishes() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.rename(".martlet", "moved")
      try maildir.rename("INBOX", "moved-too")
      let error = await #expect(throws: StoreError.self) { try await maildir.lookWide() }
      #expect(error?.scope == .account)
      await maildir.remove()
    }
  }

  @Test("a root that is moved away, or has another in its place, stops the account (law L8)", arguments: [true, false])
  func rootIsReplaced(byAnother: Bool) async throws {
    try await Reactor.onShared {
      let parent = try temporaryDirectory()
      let maildir = try await MaildirFixture.make(in: parent + "/Mail")
      #expect(try await maildir.store.folders().count == 1)
      let (key, gone) = (try await maildir.deliver("x").key, MessageKey.file("gone"))
      let aside = maildir.path + ".aside"
      try #require(unsafe rename(maildir.path, aside) == 0)
      if byAnother { try #require(unsafe mkdir(maildir.path, 0o700) == 0) }
      // What is seen in the hidden tree says nothing of what is not, and nothing more is put there or taken from there.
      #expect(try await maildir.store.look(at: .inbox, .messages([key])).present.count == 1)
      let store = maildir.store
      for attempt in [
        { _ = try await store.folders() }, { _ = try await store.look(at: .inbox, .wide(since: nil)) },
        { _ = try await store.look(at: .inbox, .glance) }, { _ = try await store.look(at: .inbox, .messages([gone])) },
        { _ = try await store.look(at: name("none"), .glance) }, { _ = try await maildir.deliver("y") },
        { _ = try await store.move([key], from: .inbox, to: .inbox) },
        { _ = try await store.delete([key], in: .inbox) },
        { _ = try await store.restore([key], to: .inbox, taken: []) }, { try await store.createFolder(name("A")) },
        { try await store.removeFolder(.inbox) },
      ] as [@Loop () async throws -> Void] {
        let error = await #expect(throws: StoreError.self) { try await attempt() }
        #expect(error?.scope == .account)
        #expect(error?.kind == .needsPerson)
      }
      await #expect(throws: StoreError.self) { try await maildir.store.open() }
      if byAnother { try #require(unsafe rmdir(maildir.path) == 0) }
      try #require(unsafe rename(aside, maildir.path) == 0)
      try await maildir.store.open()
      #expect(try await maildir.store.folders().count == 1)
      #expect(try await Set(maildir.lookWide().present.keys) == [key])
      await maildir.store.close()
      removeTree(parent)
    }
  }

  @Test("folders are made, listed and removed", arguments: MaildirLayout.allCases)
  func folders(layout: MaildirLayout) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(layout, folders: ["INBOX", "A/B", "A.b/..", "cur"])
      let isFlat = layout == .maildirPlusPlus
      #expect(
        maildir.names("")
          == (isFlat
            ? [".A%2Eb.%2E%2E", ".A.B", ".cur", ".martlet", "cur", "new", "tmp"]
            : ["%63ur", ".martlet", "A", "A.b", "INBOX"]))
      let entries = try await maildir.store.folders()
      let holding = try ["A.b/..", "A/B", "INBOX", "cur"].map(name)
      #expect(entries.filter(\.holdsMessages).map(\.name).sorted() == holding.sorted())
      #expect(entries.filter { !$0.holdsMessages }.map(\.name.description) == (isFlat ? [] : ["A", "A.b"]))
      try await maildir.store.removeFolder(name("A/B"))
      try await maildir.store.removeFolder(name("A.b/.."))
      #expect(!maildir.exists("A") && !maildir.exists(".A.B"))
      #expect(try await maildir.store.folders().map(\.name).sorted() == [.inbox, name("cur")].sorted())
      #expect(maildir.store.leftOut.isEmpty)
      await maildir.remove()
    }
  }

  @Test("what is no folder is left out with the reason")
  func leftOut() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["A"])
      try maildir.symlink("A", "link")
      for directory in ["Inbox", "Inbox/cur", "msf", ".dot", ".dot/cur"] { try maildir.makeDirectory(directory) }
      try maildir.write("file", "")
      #expect(try await maildir.store.folders().map(\.name) == [try name("A")])
      #expect(maildir.store.leftOut.keys.sorted() == ["Inbox"])
      #expect(maildir.store.notFollowed.keys.sorted() == ["link"])
      await maildir.remove()
    }
  }

  @Test(
    "a folder that holds anything is not removed",
    arguments: ["A/cur/a:2,S", "A/new/a", "A/cur/.hidden", "A/notes", "A/tmp/delivery", "A/.other/x"])
  func removingRefused(file: String) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["A"])
      if file.hasPrefix("A/.other") { try maildir.makeDirectory("A/.other") }
      try maildir.write(file, "x")
      let error = await #expect(throws: StoreError.self) { try await maildir.store.removeFolder(name("A")) }
      #expect(error?.kind == .refused)
      #expect(maildir.exists(file))
      #expect(["cur", "new", "tmp"].allSatisfy { maildir.exists("A/\($0)") })
      await maildir.remove()
    }
  }

  @Test(
    "a folder whose making was broken off is not taken for whole, until it is (L5)", arguments: MaildirLayout.allCases)
  func unfinished(layout: MaildirLayout) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(layout)
      let directory = layout == .nested ? "A" : ".A"
      for part in ["", "/tmp"] { try maildir.makeDirectory(directory + part) }
      #expect(try await maildir.store.folders().filter(\.holdsMessages).map(\.name) == [.inbox])
      try maildir.makeDirectory(directory + "/new")
      #expect(try await maildir.lookWide(name("A")).missingPart == "cur")
      try await maildir.store.createFolder(name("A"))
      #expect(try await maildir.store.folders().map(\.name) == [try name("A"), .inbox])
      #expect(try await maildir.lookWide(name("A")).coverage == .complete)
      await maildir.remove()
    }
  }

  @Test("a folder with others below it is removed, and stays as their directory")
  func removingAbove() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["A", "A/B"])
      try maildir.write("A/B/cur/x:2,S", "x")
      try maildir.write("A/dovecot-keywords", "0 x\n")
      try await maildir.store.removeFolder(name("A"))
      #expect(maildir.names("A") == ["B"])
      #expect(try await maildir.store.folders().filter(\.holdsMessages).map(\.name) == [try name("A/B")])
      await maildir.remove()
    }
  }

  @Test("a folder whose removal was broken off is removed at last (L5)", arguments: [["new"], ["new", "tmp"]])
  func halfRemoved(parts: [String]) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["A"])
      for part in parts { try maildir.removeDirectory("A/\(part)") }
      #expect(try await maildir.store.folders().map(\.name) == [try name("A")])
      try await maildir.store.removeFolder(name("A"))
      #expect(!maildir.exists("A"))
      await maildir.remove()
    }
  }

  @Test("two folders whose names look the same are two", arguments: MaildirLayout.allCases)
  func sameLooks(layout: MaildirLayout) async throws {
    try await Reactor.onShared {
      // An é as one character, and as an e with an accent behind it.
      let names = try ["\u{E9}", "e\u{301}"].map(name)
      let maildir = try await MaildirFixture.make(layout, folders: [])
      for folder in names {
        try await maildir.store.createFolder(folder)
        try await maildir.deliver(folder.description, to: folder)
      }
      #expect(try await Set(maildir.store.folders().map(\.name)) == Set(names))
      #expect(maildir.store.leftOut.isEmpty)
      for folder in names { #expect(try await maildir.lookWide(folder).present.count == 1) }
      let keys = try await Array(maildir.lookWide(names[1]).present.keys)
      _ = try await maildir.store.delete(keys, in: names[1])
      try await maildir.store.removeFolder(names[1])
      #expect(try await maildir.store.folders().map(\.name) == [names[0]])
      await maildir.remove()
    }
  }

  @Test("notes of other programs go with an empty folder")
  func companions() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["A"])
      for file in ["dovecot-keywords", "dovecot-uidlist", ".uidvalidity", "tmp/1.M2P3Q4Rab.host"] {
        try maildir.write("A/\(file)", "x")
      }
      try await maildir.store.removeFolder(name("A"))
      #expect(!maildir.exists("A"))
      await maildir.remove()
    }
  }

  @Test("a folder that is a symbolic link is never followed (law L12)")
  func linkedFolder() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["A"])
      let elsewhere = try await MaildirFixture.make(folders: ["B"])
      try elsewhere.write("B/cur/secret:2,S", "x")
      try maildir.symlink("\(elsewhere.path)/B", "B")
      await #expect(throws: StoreError.self) { try await maildir.lookWide(name("B")) }
      await #expect(throws: StoreError.self) { try await maildir.deliver("x", to: name("B")) }
      #expect(elsewhere.names("B/tmp").isEmpty)
      await maildir.remove()
      await elsewhere.remove()
    }
  }
}
