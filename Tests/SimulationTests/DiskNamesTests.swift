import Mail
import Ports
import Reactor
import Simulation
import Testing

@Suite("Files on a simulated disk")
struct DiskNamesTests {
  @Test("are made, written, dated, read twice, renamed, linked and removed")
  func aFilesLife() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let files = fixture.files
      try files.makeDirectory("a/b")
      let writer = try files.create("a/b/f")
      #expect(refusal { () throws(FileError) in _ = try files.create("a/b/f") } == .exists)
      try writer.write(Array("hello ".utf8))
      try writer.write(Array("world".utf8))
      try writer.finish(modified: InternalDate(secondsSince1970: -5))
      #expect(refusal { () throws(FileError) in try writer.write([1]) } == .failed)
      let status = try #require(try files.status("a/b/f"))
      #expect(status.kind == .file && status.size == 11 && status.modifiedDate.secondsSince1970 == -5)

      let reader = try files.open("a/b/f")
      #expect(reader.size == 11 && reader.modified.secondsSince1970 == -5)
      #expect(try await reader.read(upTo: 5) == Array("hello".utf8))
      try files.rename("a/b/f", to: "a/g", isMail: true)
      try reader.rewind()
      #expect(try await reader.read(upTo: 100) == Array("hello world".utf8))
      #expect(try await reader.read(upTo: 100).isEmpty)
      #expect(try reader.isUnchanged())
      try fixture.disk.write("/mail/a/g", "!")
      #expect(try !reader.isUnchanged())
      reader.close()

      try files.link("a/g", to: "a/b/h")
      #expect(try files.status("a/g")?.linkCount == 2)
      #expect(refusal { () throws(FileError) in try files.rename("a/g", to: "a/b/h", isMail: true) } == .exists)
      try fixture.disk.write("/mail/a/new", "new")
      try files.replace("a/g", with: "a/new")
      #expect(try await fixture.read("a/g") == "new")
      #expect(refusal { () throws(FileError) in try files.removeDirectory("a/b") } == .notEmpty)
      try files.unlink("a/b/h")
      try files.removeDirectory("a/b")
      #expect(try await fixture.names("a") == ["g"])
      #expect(fixture.disk.usedBytes == 3)
    }
  }

  @Test("no path leaves the root, by name or by link (law L12)")
  func nothingLeaves() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let (disk, files) = (fixture.disk, fixture.files)
      try disk.makeDirectory("/outside")
      try disk.makeDirectory("/mail/in")
      try disk.write("/outside/secret", "secret")
      try disk.symlink("../outside", "/mail/link")
      try disk.symlink("../../outside/secret", "/mail/in/file")
      #expect(disk.text("/mail/in/file") == "secret")
      for path in [
        "../outside/secret", "link/secret", "in/file", "in/../../outside/secret", "/etc/passwd", "in//x", "in/./x",
        "link/new",
      ] {
        #expect(refusal { () throws(FileError) in _ = try files.open(path) } != nil)
        #expect(refusal { () throws(FileError) in _ = try files.create(path) } != nil)
        #expect(
          refusal { () throws(FileError) in try files.rename(path, to: "in/taken", isMail: true) } != nil
            || path == "in/file")
        #expect(refusal { () throws(FileError) in try files.link(path, to: "in/linked") } != nil || path == "in/file")
      }
      for directory in ["link", "..", "link/x"] {
        #expect(await refusal { () async throws(FileError) in _ = try await files.list(directory) } != nil)
        #expect(refusal { () throws(FileError) in try files.makeDirectory(directory + "/y") } != nil)
      }
      #expect(try files.status("in/taken")?.kind == .symbolicLink)
      #expect(disk.list("/outside") == ["secret"])
    }
  }

  @Test("the root may be a link, may be missing, and is made when asked for")
  func roots() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let files = fixture.disk.fileSystem(root: "/mail/x/y", life: fixture.life)
      #expect(try files.status("") == nil && files.status("a") == nil)
      #expect(await refusal { () async throws(FileError) in _ = try await files.list("") } == .notFound)
      try files.makeDirectory("")
      #expect(try files.status("")?.kind == .directory)
      try fixture.disk.symlink("x/y", "/mail/link")
      let linked = fixture.disk.fileSystem(root: "/mail/link", life: fixture.life)
      try linked.makeDirectory("z")
      #expect(try await files.list("").map(\.name) == ["z"])
    }
  }

  @Test("what is no regular file is not opened; names that are not UTF-8 are listed as such")
  func oddities() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let (disk, files) = (fixture.disk, fixture.files)
      try disk.makeSpecialFile("/mail/fifo")
      try disk.makeDirectory("/mail/directory")
      try disk.write("/mail/file", "")
      try disk.symlink("file", "/mail/link")
      for path in ["fifo", "directory", "link", "file/below"] {
        #expect(refusal { () throws(FileError) in _ = try files.open(path) } == .notRegular)
      }
      #expect(refusal { () throws(FileError) in _ = try files.status("file/below") } == .notRegular)
      let kinds = Dictionary(uniqueKeysWithValues: try await files.list("").map { ($0.name, $0.kind) })
      #expect(kinds == ["fifo": .other, "directory": .directory, "link": .symbolicLink, "file": .file])
      try disk.makeRawFile(in: "/mail/directory", name: [0xFF, 0x61])
      let raw = DirectoryEntry(name: "\u{FFFD}a", kind: .file, isDecodable: false)
      #expect(try await files.list("directory") == [raw])
      #expect(refusal { () throws(FileError) in _ = try files.open("directory/\u{FFFD}a") } == .notFound)
    }
  }

  @Test("a name has 255 bytes, or as many as the file system takes")
  func nameLength() async throws {
    try await Reactor.onShared {
      var traits = DiskTraits()
      for limit in [255, 143] {
        traits.nameLengthMax = limit
        let files = try DiskFixture(traits).files
        let long = String(repeating: "é", count: limit / 2) + "x"
        #expect(long.utf8.count == limit)
        #expect(refusal { () throws(FileError) in _ = try files.create(long) } == nil)
        #expect(refusal { () throws(FileError) in _ = try files.create(long + "y") } == .nameTooLong)
        #expect(refusal { () throws(FileError) in _ = try files.status(long + "y") } == .nameTooLong)
        #expect(
          refusal { () throws(FileError) in try files.rename(long, to: long + "y", isMail: true) } == .nameTooLong)
      }
    }
  }

  @Test("names are bytes, or one whatever their case, or one however they are composed")
  func comparing() async throws {
    try await Reactor.onShared {
      let composed = "\u{E9}", decomposed = "e\u{301}"
      for (names, isCaseOne, isFormOne) in [
        (DiskTraits.Names.exact, false, false), (.caseInsensitive, true, true), (.normalizing, false, true),
      ] {
        var traits = DiskTraits()
        traits.names = names
        let fixture = try DiskFixture(traits)
        try fixture.write("Inbox", "1")
        try fixture.write(composed, "2")
        #expect(try (fixture.files.status("INBOX") != nil) == isCaseOne)
        #expect(try (fixture.files.status(decomposed) != nil) == isFormOne)
        #expect(refusal { () throws(FileError) in try fixture.write(decomposed, "3") } == (isFormOne ? .exists : nil))
        let listed = try await fixture.names("").map { Array($0.utf8) }
        #expect(listed.contains(Array((names == .normalizing ? decomposed : composed).utf8)))
        // Only to write it in another way.
        try fixture.disk.rename("/mail/Inbox", "/mail/INBOX")
        #expect(fixture.disk.list("/mail").contains("INBOX") && !fixture.disk.list("/mail").contains("Inbox"))
      }
    }
  }

  @Test("a directory is locked by one at a time, and let go of by its process's end")
  func locks() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let other = fixture.disk.fileSystem(root: "/mail", life: Lifeline())
      var lock = try fixture.files.lock("")
      for files in [fixture.files, other] {
        #expect(refusal { () throws(FileError) in _ = try files.lock("") } == .held)
      }
      lock?.release()
      lock = try other.lock("")
      #expect(refusal { () throws(FileError) in _ = try fixture.files.lock("") } == .held)
      lock = nil
      lock = try fixture.files.lock("")
      fixture.life.end()
      #expect(try other.lock("") != nil)
      var traits = DiskTraits()
      traits.hasLocks = false
      #expect(try DiskFixture(traits).files.lock("") == nil)
    }
  }

  @Test("without links, or without a rename that does not replace, the adapter's way around is taken")
  func lesserSystems() async throws {
    try await Reactor.onShared {
      var traits = DiskTraits()
      traits.hasExclusiveRename = false
      let fixture = try DiskFixture(traits)
      try fixture.write("a", "1")
      try fixture.write("b", "2")
      #expect(refusal { () throws(FileError) in try fixture.files.rename("a", to: "b", isMail: true) } == .exists)
      try fixture.files.rename("a", to: "c", isMail: true)
      #expect(fixture.life.names.suffix(2) == ["disk link a -> c", "disk remove a"])
      #expect(refusal { () throws(FileError) in try fixture.files.rename("a", to: "d", isMail: true) } == .notFound)
      traits.hasHardLinks = false
      let poor = try DiskFixture(traits)
      try poor.write("a", "1")
      #expect(refusal { () throws(FileError) in try poor.files.link("a", to: "b") } == .unsupported)
      #expect(refusal { () throws(FileError) in try poor.files.rename("a", to: "b", isMail: true) } == .unsupported)
      #expect(poor.disk.list("/mail") == ["a"])
    }
  }

  @Test("a process does nothing from its death on, and each effect before is noted")
  func death() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture(deathStep: 3)
      let writer = try fixture.files.create("a")
      try writer.write([1, 2])
      #expect(refusal { () throws(FileError) in try writer.write([3]) } == .failed)
      #expect(refusal { () throws(FileError) in try fixture.files.unlink("a") } == .failed)
      #expect(await refusal { () async throws(FileError) in _ = try await fixture.files.list("") } == .failed)
      #expect(fixture.disk.read("/mail/a") == [1, 2])
      #expect(fixture.log.lines.suffix(2) == ["disk create a", "disk write 2 bytes to a"])
      #expect(fixture.life.names == ["disk create a", "disk write 2 bytes to a", "disk write 1 bytes to a"])
    }
  }

  @Test("the same calls make the same disk and the same log")
  func determinism() async throws {
    try await Reactor.onShared {
      let runs = try diskSeeds.prefix(20).map { seed in
        try (0..<2).map { _ in
          let run = try DiskFixture()
          try churn(run, seed: seed)
          run.crash(.powerCut, seed: seed)
          return (run.disk.dump(below: "/"), run.log.fingerprint)
        }
      }
      for run in runs { #expect(run[0] == run[1]) }
      #expect(Set(runs.map { $0[0].1 }).count == runs.count)
    }
  }
}
