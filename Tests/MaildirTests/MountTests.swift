import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Testing

/// Folders on file systems of their own: what a rename does elsewhere takes a copy, and the copy comes first.
@Suite("A folder on a mount of its own")
struct MountTests {
  @Test(
    "gives and takes messages, bytes, date, flags and keywords, and the original goes last; somebody may have removed tmp",
    arguments: [false, true])
  func move(hasNoDrafts: Bool) async throws {
    try await Reactor.onShared {
      let (maildir, _) = try await Self.make()
      if hasNoDrafts { for folder in ["A", "B"] { try maildir.removeDirectory("\(folder)/tmp") } }
      try maildir.write("A/cur/a:2,FS", "Subject: a\n\na\n", date: 1_000_000_000)
      let moved = try await maildir.store.move([.file("a")], from: name("A"), to: name("B"))
      let key = try #require(moved.keys[.file("a")]?.fileName)
      #expect(maildir.names("A/cur").isEmpty)
      #expect(maildir.names("B/cur") == ["\(key):2,FS"])
      #expect(maildir.text("B/cur/\(key):2,FS") == "Subject: a\n\na\n")
      #expect(maildir.time("B/cur/\(key):2,FS") == 1_000_000_000)
      #expect(maildir.names("B/tmp").isEmpty)
      let copied = try await maildir.store.copy([.file(key)], from: name("B"), to: name("A"))
      let copy = try #require(copied[.file(key)]?.fileName)
      #expect(maildir.text("A/cur/\(copy):2,FS") == "Subject: a\n\na\n")
      #expect(maildir.names("B/cur") == ["\(key):2,FS"])
      await maildir.remove()
    }
  }

  @Test("keeps an original that another program replaced while it was copied (L1)")
  func replaced() async throws {
    try await Reactor.onShared {
      let (maildir, disk) = try await Self.make()
      try maildir.write("A/cur/a:2,S", "Subject: a\n\na\n")
      try maildir.write("A/tmp/later", "Subject: a\n\nanother text\n")
      var hasReplaced = false
      disk.onBarrier = {
        guard !hasReplaced else { return }
        hasReplaced = true
        #expect(throws: Never.self) {
          try maildir.unlink("A/cur/a:2,S")
          try maildir.rename("A/tmp/later", "A/cur/a:2,S")
        }
      }
      let moved = try await maildir.store.move([.file("a")], from: name("A"), to: name("B"))
      #expect(hasReplaced)
      #expect(maildir.text("A/cur/a:2,S") == "Subject: a\n\nanother text\n")
      let key = try #require(moved.keys[.file("a")]?.fileName)
      #expect(maildir.text("B/cur/\(key):2,S") == "Subject: a\n\na\n")
      await maildir.remove()
    }
  }

  @Test("gets letters for keywords")
  func keywords() async throws {
    try await Reactor.onShared {
      let (maildir, _) = try await Self.make()
      let work = try #require(Keyword("work"))
      let flags = FlagSet(keywords: [work])
      let delivered = try await maildir.deliver("Subject: a\r\n\r\na\r\n", flags: flags, to: name("B"))
      #expect(try await maildir.lookWide(name("B")).present[delivered.key]?.flags == flags)
      #expect(maildir.text("B/dovecot-keywords") == "0 work\n")
      await maildir.remove()
    }
  }

  @Test("loses what is deleted at once, unless a person wants it to be kept", arguments: [0, 3600])
  func deletion(keepSeconds: Int64) async throws {
    try await Reactor.onShared {
      let (maildir, _) = try await Self.make(keepSeconds: keepSeconds)
      try maildir.write("A/cur/a:2,S", "Subject: a\n\na\n")
      let deletion = try await maildir.store.delete([.file("a")], in: name("A"))
      #expect(deletion.gone == [.file("a")])
      #expect(maildir.names("A/cur").isEmpty)
      if keepSeconds == 0 {
        #expect(deletion.kept.isEmpty)
      } else {
        let path = try #require(deletion.kept[.file("a")]?.fileName)
        #expect(maildir.text(".martlet/limbo/\(path)") == "Subject: a\n\na\n")
      }
      await maildir.remove()
    }
  }

  @Test(
    "a deletion makes room on a full disk, unless a person wants deleted mail to be kept",
    arguments: [DividedFileSystem.Fullness.directories, .names], [0, 24 * 3600] as [Int64])
  func deletionOnFullDisk(full: DividedFileSystem.Fullness, keepSeconds: Int64) async throws {
    try await Reactor.onShared {
      let path = try temporaryDirectory()
      let disk = DividedFileSystem(root: path, isOne: true)
      let maildir = try MaildirFixture(.nested, path, nil, fileSystem: disk, keepSeconds: keepSeconds)
      try await maildir.store.open()
      try await maildir.store.createFolder(name("A"))
      try maildir.write("A/cur/a:2,S", "Subject: a\n\na\n")
      disk.full = full
      if keepSeconds == 0 {
        #expect(try await maildir.store.delete([.file("a")], in: name("A")) == Deletion(gone: [.file("a")]))
      } else {
        let error = await #expect(throws: StoreError.self) {
          _ = try await maildir.store.delete([.file("a")], in: name("A"))
        }
        #expect(error?.kind == .noSpace)
      }
      #expect(maildir.names("A/cur") == (keepSeconds == 0 ? [] : ["a:2,S"]))
      await maildir.remove()
    }
  }

  @Loop
  private static func make(keepSeconds: Int64 = 0) async throws -> (MaildirFixture, DividedFileSystem) {
    let path = try temporaryDirectory()
    let disk = DividedFileSystem(root: path)
    let maildir = try MaildirFixture(.nested, path, nil, fileSystem: disk, keepSeconds: keepSeconds)
    try await maildir.store.open()
    for folder in ["A", "B"] { try await maildir.store.createFolder(name(folder)) }
    return (maildir, disk)
  }
}
