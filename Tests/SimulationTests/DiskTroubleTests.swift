import Mail
import Ports
import Reactor
import Simulation
import Support
import Testing

@Suite("Trouble with a simulated disk")
struct DiskTroubleTests {
  @Test("a full disk takes no new file and no byte more; renaming and removing go on")
  func full() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let (disk, files) = (fixture.disk, fixture.files)
      try fixture.write("a", "12345")
      disk.trouble.isFull = true
      #expect(refusal { () throws(FileError) in _ = try files.create("b") } == .full)
      #expect(refusal { () throws(FileError) in try files.makeDirectory("d") } == .full)
      try files.makeDirectory("")
      try files.rename("a", to: "c", isMail: true)
      disk.trouble.isFull = false
      disk.trouble.capacity = 8
      let writer = try files.create("d")
      #expect(refusal { () throws(FileError) in try writer.write(Array("6789".utf8)) } == .full)
      writer.abandon()
      #expect(disk.text("/mail/d") == "678")
      try files.unlink("c")
      try fixture.write("e", "45678")
      #expect(disk.usedBytes == 8)
    }
  }

  @Test("a read-only disk can be read, and makes what is there already")
  func readOnly() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      try fixture.files.makeDirectory("d")
      try fixture.write("d/a", "1")
      fixture.disk.trouble.isReadOnly = true
      try fixture.files.makeDirectory("d")
      #expect(try await fixture.read("d/a") == "1")
      let files = fixture.files
      #expect(refusal { () throws(FileError) in _ = try files.create("b") } == .readOnly)
      #expect(refusal { () throws(FileError) in try files.unlink("d/a") } == .readOnly)
      #expect(refusal { () throws(FileError) in try files.rename("d/a", to: "d/b", isMail: true) } == .readOnly)
      #expect(refusal { () throws(FileError) in try files.link("d/a", to: "d/b") } == .readOnly)
      #expect(refusal { () throws(FileError) in try files.makeDirectory("e") } == .readOnly)
    }
  }

  @Test("without descriptors nothing is opened; failing paths and every so many calls fail")
  func failing() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let (disk, files) = (fixture.disk, fixture.files)
      try files.makeDirectory("d")
      try fixture.write("d/a", "1")
      disk.trouble.isOutOfDescriptors = true
      #expect(refusal { () throws(FileError) in _ = try files.open("d/a") } == .tooManyOpen)
      #expect(refusal { () throws(FileError) in _ = try files.status("d/a") } == .tooManyOpen)
      #expect(
        refusal { () throws(FileError) in _ = try disk.watcher(root: "/mail", life: fixture.life) } == .tooManyOpen)
      disk.trouble = DiskTrouble()
      disk.trouble.failingPaths = ["/mail/d"]
      #expect(refusal { () throws(FileError) in _ = try files.open("d/a") } == .failed)
      #expect(refusal { () throws(FileError) in _ = try files.status("da") } == nil)
      disk.trouble = DiskTrouble()
      disk.trouble.failsEvery = 3
      let results = (1...6).map { _ in refusal { () throws(FileError) in _ = try files.status("d") } }
      #expect(results == [nil, nil, .failed, nil, nil, .failed])
    }
  }

  @Test("what a failed sync lost stays lost, and the adapter lets nothing of that time pass")
  func failedSync() async throws {
    try await Reactor.onShared {
      var survivors: Set<String> = []
      for seed in diskSeeds {
        let fixture = try DiskFixture()
        let files = fixture.files
        for name in ["before", "broken"] { try fixture.write(name, "x") }
        fixture.disk.trouble.failsSyncs = true
        let sync = { @Loop (name: String) async -> FileError.Kind? in
          await refusal { () async throws(FileError) in try await files.makeDurable(files: [name], directories: [""]) }
        }
        #expect(await sync("broken") == .failed)
        fixture.disk.trouble.failsSyncs = false
        #expect(await sync("broken") == .failed)
        #expect(await sync("before") == .failed)
        try fixture.write("after", "x")
        #expect(await sync("after") == nil)
        // Another process knows nothing of it, and its sync claims success.
        let other = fixture.disk.fileSystem(root: "/mail", life: Lifeline())
        try await other.makeDurable(files: ["broken", "before"], directories: [])
        fixture.crash(.powerCut, seed: seed)
        #expect(fixture.disk.text("/mail/before") == "x" && fixture.disk.text("/mail/after") == "x")
        survivors.insert(try #require(fixture.disk.text("/mail/broken")))
        #expect(fixture.disk.ruined.isEmpty == (fixture.disk.text("/mail/broken") == "x"))
      }
      #expect(survivors == ["x", ""])
    }
  }

  @Test("a listing that is interrupted misses or repeats what is renamed meanwhile, and nothing else")
  func slowListing() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let files = fixture.files
      for number in 0..<30 { try fixture.write("still-\(number)", "") }
      fixture.disk.trouble.entriesPerListingStep = 4
      var counts: Set<Int> = []
      for round in 0..<40 {
        try fixture.write("moving-\(round)", "")
        let listing = Loop.task { () -> [String]? in
          do { return try await files.list("").map(\.name) } catch { return nil }
        }
        for step in 0..<6 {
          await Task.yield()
          try files.rename(
            step == 0 ? "moving-\(round)" : "moving-\(round)-\(step - 1)", to: "moving-\(round)-\(step)", isMail: true)
        }
        let names = try #require(await listing.value)
        #expect(Set(names.filter { $0.hasPrefix("still-") }).count == 30)
        counts.insert(names.count { $0.hasPrefix("moving-\(round)") })
        try files.unlink("moving-\(round)-5")
      }
      #expect(counts.contains(0) && counts.contains(1))
    }
  }

  @Test("a forbidden directory is not listed or looked into, a forbidden file not opened")
  func forbidden() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let files = fixture.files
      try files.makeDirectory("d")
      try fixture.write("d/a", "1")
      try fixture.disk.forbid("/mail/d/a")
      #expect(refusal { () throws(FileError) in _ = try files.open("d/a") } == .accessDenied)
      #expect(try files.status("d/a")?.size == 1)
      try fixture.disk.forbid("/mail/d")
      #expect(refusal { () throws(FileError) in _ = try files.status("d/a") } == .accessDenied)
      #expect(await refusal { () async throws(FileError) in _ = try await files.list("d") } == .accessDenied)
      try fixture.disk.forbid("/mail/d", false)
      #expect(try await fixture.names("d") == ["a"])
    }
  }

  @Test("a tree that is unmounted lazily is seen by who holds it until they look at the root anew")
  func unmountLazily() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let (disk, files) = (fixture.disk, fixture.files)
      var dice = Dice(seed: 1)
      try fixture.write("a", "1")
      for rest in [MountPoint.emptyDirectory, .nothing] {
        try disk.unmount("/mail", leaving: rest, dice: &dice)
        #expect(disk.list("/mail").isEmpty && disk.exists("/mail") == (rest == .emptyDirectory))
        #expect(try await fixture.read("a") == "1")
        #expect(try files.status("") != nil && !files.isRootInPlace)
        files.releaseRoot()
        #expect(try (files.status("") == nil) == (rest == .nothing))
        #expect(try files.status("a") == nil)
        try disk.mount("/mail")
        files.releaseRoot()
        #expect(try await fixture.read("a") == "1")
        #expect(files.isRootInPlace)
      }
    }
  }

  @Test("a tree that is pulled out fails for who holds it, for good, and loses what was not synced")
  func pullOut() async throws {
    try await Reactor.onShared {
      var left: Set<String?> = []
      for seed in diskSeeds.prefix(50) {
        let fixture = try DiskFixture()
        let (disk, files) = (fixture.disk, fixture.files)
        var dice = Dice(seed: seed)
        try disk.makeVolume("/mail/disk")
        try disk.write("/mail/disk/kept", "kept")
        disk.writeBack()
        try disk.write("/mail/disk/lost", "lost")
        try disk.write("/mail/here", "here")
        let held = disk.fileSystem(root: "/mail/disk", life: fixture.life)
        let reader = try held.open("kept")
        try disk.unmount("/mail/disk", .pulledOut, dice: &dice)
        #expect(refusal { () throws(FileError) in _ = try held.status("kept") } == .failed)
        #expect(try files.status("disk/kept") == nil)
        try disk.mount("/mail/disk")
        #expect(try files.status("disk/kept") != nil)
        #expect(refusal { () throws(FileError) in _ = try held.open("kept") } == .failed)
        #expect(await refusal { () async throws(FileError) in _ = try await reader.read(upTo: 1) } == .failed)
        held.releaseRoot()
        #expect(try held.status("kept") != nil && disk.text("/mail/here") == "here")
        left.insert(disk.text("/mail/disk/lost"))
      }
      #expect(left.contains(nil) && left.contains("lost") && left.contains(""))
    }
  }

  @Test("nothing is renamed or linked from one file system to another")
  func borders() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      try fixture.disk.makeVolume("/mail/other")
      try fixture.write("a", "1")
      #expect(
        refusal { () throws(FileError) in try fixture.files.rename("a", to: "other/a", isMail: true) } == .unsupported)
      #expect(refusal { () throws(FileError) in try fixture.files.link("a", to: "other/a") } == .unsupported)
      #expect(try fixture.files.status("a")?.device != fixture.files.status("other")?.device)
    }
  }
}
