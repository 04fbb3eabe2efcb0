import Mail
import Ports
import Reactor
import Simulation
import Support
import Testing

@Suite("Watching a simulated disk")
struct DiskWatchTests {
  @Loop
  private func watched(
    _ directories: [String] = ["a", "b"], in fixture: DiskFixture
  ) throws -> any DirectoryWatcher {
    let watcher = try fixture.disk.watcher(root: "/mail", life: fixture.life)
    for directory in directories {
      try fixture.disk.makeDirectory("/mail/\(directory)")
      try watcher.watch(directory)
    }
    return watcher
  }

  @Loop
  private func wait(_ watcher: any DirectoryWatcher) -> Task<[DirectoryEvent]?, Never> {
    Loop.task {
      do {
        return try await watcher.next()
      } catch {
        return nil
      }
    }
  }

  /// Shorter to compare.
  private func told(_ events: [DirectoryEvent]) -> [String] {
    events.map { "\($0.kind) \($0.directory)/\($0.name)\($0.isDirectory ? "/" : "")" }
  }

  @Test("names that come, go and change are told, both ends of a rename with one cookie")
  func names() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let disk = fixture.disk
      let watcher = try watched(in: fixture)
      try watcher.watch("a")
      try disk.write("/mail/a/x", "1")
      try disk.rename("/mail/a/x", "/mail/b/y")
      try disk.makeDirectory("/mail/a/d")
      try disk.unlink("/mail/b/y")
      try disk.write("/mail/unwatched", "1")
      try disk.rename("/mail/unwatched", "/mail/a/in")
      try disk.rename("/mail/a/in", "/mail/out")
      #expect(
        told(try await watcher.next()) == [
          "created a/x", "written a/x", "movedOut(cookie: 1) a/x", "movedIn(cookie: 1) b/y", "created a/d/",
          "deleted b/y", "movedIn(cookie: 2) a/in", "movedOut(cookie: 3) a/in",
        ])
    }
  }

  @Test("martlet's own delivery, and a link that is dated, are told as the kernel does")
  func sequences() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let (disk, files) = (fixture.disk, fixture.files)
      let watcher = try watched(in: fixture)
      try fixture.write("a/x", "1", modified: InternalDate(secondsSince1970: 1))
      #expect(told(try await watcher.next()) == ["created a/x", "written a/x"])
      try files.link("a/x", to: "b/y")
      try files.unlink("a/x")
      // martlet sets one of the two times only, of which nothing is told; utime(2) sets both.
      for date in [Int64(3), 4] {
        try disk.setModificationTime("/mail/b/y", to: InternalDate(secondsSince1970: date))
      }
      #expect(told(try await watcher.next()) == ["created b/y", "deleted a/x", "attributesChanged b/y"])
      // Replacing tells of the rename only.
      try disk.write("/mail/unwatched", "2")
      try disk.rename("/mail/unwatched", "/mail/b/y")
      #expect(told(try await watcher.next()) == ["movedIn(cookie: 1) b/y"])
      // A file that is renamed while it is written is closed under its new name, one that is removed under none.
      let growing = try disk.openForWriting("/mail/a/g")
      let doomed = try disk.openForWriting("/mail/a/d")
      try disk.rename("/mail/a/g", "/mail/b/g")
      try disk.unlink("/mail/a/d")
      growing.append("more")
      growing.close()
      doomed.close()
      #expect(
        told(try await watcher.next()) == [
          "created a/g", "created a/d", "movedOut(cookie: 2) a/g", "movedIn(cookie: 2) b/g", "deleted a/d",
          "written b/g",
        ])
    }
  }

  @Test("two equal counts vouch for a directory, whether or not somebody waits, and however late events are")
  func changeCount() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture(jump: .zero)
      let disk = fixture.disk
      disk.trouble.eventDelay = .seconds(5)
      let watcher = try watched([], in: fixture)
      #expect(watcher.changeCount(in: "a") == nil)
      for directory in ["a", "b"] {
        try disk.makeDirectory("/mail/\(directory)")
        try watcher.watch(directory)
      }
      let still = watcher.changeCount(in: "a")
      try disk.write("/mail/b/other", "1")
      #expect(still != nil && watcher.changeCount(in: "a") == still)
      let waiter = wait(watcher)
      for change in [
        { try disk.write("/mail/a/x", "1") },
        { try disk.rename("/mail/a/x", "/mail/a/y") },
        { try disk.unlink("/mail/a/y") },
      ] {
        let before = watcher.changeCount(in: "a")
        try change()
        #expect(watcher.changeCount(in: "a") != before)
      }
      #expect(await waiter.value?.contains { $0.name == "other" } == true)
      let last = watcher.changeCount(in: "a")
      watcher.unwatch("a")
      #expect(watcher.changeCount(in: "a") == nil)
      try watcher.watch("a")
      #expect(watcher.changeCount(in: "a") != last)
      let before = watcher.changeCount(in: "a")
      disk.overflowWatchers()
      #expect(watcher.changeCount(in: "a") != before)
    }
  }

  @Test("events that are late come all the same, in order")
  func late() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture(jump: .zero)
      fixture.disk.trouble.eventDelay = .seconds(5)
      let watcher = try watched(in: fixture)
      let waiting = wait(watcher)
      await Task.yield()
      try fixture.disk.makeDirectory("/mail/a/1")
      while fixture.clock.sleeperCount == 0 { await Task.yield() }
      fixture.clock.advance(by: .seconds(4))
      try fixture.disk.makeDirectory("/mail/a/2")
      await Task.yield()
      #expect(fixture.clock.sleeperCount == 1)
      fixture.clock.advance(by: .seconds(1))
      #expect(told(await waiting.value ?? []) == ["created a/1/", "created a/2/"])
    }
  }

  @Test("a directory given up says nothing more; nor does one that is not watched")
  func silence() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let watcher = try watched(in: fixture)
      try fixture.disk.write("/mail/b/before", "")
      watcher.unwatch("b")
      try fixture.disk.write("/mail/b/after", "")
      try fixture.disk.write("/mail/a/last", "")
      #expect(told(try await watcher.next()) == ["created a/last", "written a/last"])
    }
  }

  @Test("a directory that is removed or renamed is told of once, and can be watched again")
  func directoryGone() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let disk = fixture.disk
      let watcher = try watched(["", "a", "b"], in: fixture)
      try disk.removeDirectory("/mail/a")
      try disk.rename("/mail/b", "/mail/c")
      try disk.write("/mail/c/unseen", "")
      try disk.makeDirectory("/mail/a")
      #expect(
        told(try await watcher.next()) == [
          "created /a/", "created /b/", "directoryGone a//", "deleted /a/", "movedOut(cookie: 1) /b/",
          "movedIn(cookie: 1) /c/", "directoryGone b//", "created /a/",
        ])
      try watcher.watch("a")
      try watcher.watch("c")
      try disk.write("/mail/a/x", "")
      try disk.write("/mail/c/y", "")
      #expect(Set(try await watcher.next().map { "\($0.directory)/\($0.name)" }) == ["a/x", "c/y"])
    }
  }

  @Test("a directory below one that was renamed is told of under its old path, and under its new once watched by it")
  func movedAbove() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let watcher = try watched(["a/cur"], in: fixture)
      try fixture.disk.rename("/mail/a", "/mail/z")
      try fixture.disk.write("/mail/z/cur/1", "")
      #expect(told(try await watcher.next()).first == "created a/cur/1")
      try watcher.watch("z/cur")
      try fixture.disk.write("/mail/z/cur/2", "")
      #expect(told(try await watcher.next()).first == "created z/cur/2")
      #expect(watcher.changeCount(in: "z/cur") != nil)
    }
  }

  @Test("a queue that runs over tells so once, and hears again when it is read")
  func overflow() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      fixture.disk.trouble.watchQueueMax = 3
      let watcher = try watched(in: fixture)
      for number in 0..<5 { try fixture.disk.makeDirectory("/mail/a/\(number)") }
      #expect(told(try await watcher.next()) == ["created a/0/", "created a/1/", "created a/2/", "overflow /"])
      fixture.disk.overflowWatchers()
      try fixture.disk.makeDirectory("/mail/a/lost")
      #expect(told(try await watcher.next()) == ["overflow /"])
      try fixture.disk.makeDirectory("/mail/a/seen")
      #expect(told(try await watcher.next()) == ["created a/seen/"])
    }
  }

  @Test("what cannot be watched is refused: no directory, a link, one too many")
  func refusals() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let watcher = try watched(in: fixture)
      try fixture.disk.symlink("a", "/mail/link")
      try fixture.disk.write("/mail/file", "")
      for (path, kind) in [
        ("missing", FileError.Kind.notFound), ("link", .notRegular), ("file", .notRegular), ("../mail", .failed),
      ] { #expect(refusal { () throws(FileError) in try watcher.watch(path) } == kind) }
      try fixture.disk.makeDirectory("/mail/c")
      fixture.disk.trouble.watchesMax = 2
      #expect(refusal { () throws(FileError) in try watcher.watch("c") } == .watchLimit)
      try watcher.watch("a")
      watcher.unwatch("a")
      try watcher.watch("c")
      watcher.close()
      let other = try fixture.disk.watcher(root: "/mail", life: fixture.life)
      try other.watch("a")
      try other.watch("b")
    }
  }

  @Test("waiting ends when the task is cancelled, the watcher closed or the process dead; no event is lost by it")
  func endings() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let watcher = try watched(in: fixture)
      for _ in 0..<3 {
        let waiting = wait(watcher)
        await Task.yield()
        waiting.cancel()
        #expect(await waiting.value == nil)
      }
      try fixture.disk.write("/mail/a/x", "")
      #expect(told(try await watcher.next()) == ["created a/x", "written a/x"])
      let other = try watched(in: fixture)
      let closing = wait(watcher)
      let dying = wait(other)
      await Task.yield()
      watcher.close()
      #expect(await closing.value == nil)
      fixture.life.end()
      #expect(await dying.value == nil)
      #expect(other.changeCount(in: "a") == nil)
    }
  }
}
