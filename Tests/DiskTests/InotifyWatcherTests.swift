import Glibc
import Ports
import Reactor
import Testing

@testable import Disk

@Suite("Watching directories")
struct InotifyWatcherTests {
  @Test("names that come, go and change are told, all that are there together")
  func namesAreTold() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      for directory in ["a", "b"] { try scratch.makeDirectory(directory) }
      let watcher = try InotifyWatcher(Reactor.startShared(), root: scratch.path)
      try watcher.watch("a")
      try watcher.watch("b")
      try watcher.watch("a")
      try scratch.write("a/x", "1")
      try scratch.rename("a/x", "b/y")
      try scratch.makeDirectory("a/d")
      try scratch.unlink("b/y")
      let events = try await watcher.next()
      guard
        case .movedOut(let cookie)? = events.first(where: {
          $0.name == "x" && $0.kind != .created && $0.kind != .written
        })?.kind
      else { throw FileError(.failed, path: "x", "no rename was told") }
      #expect(
        events == [
          DirectoryEvent(.created, directory: "a", name: "x", isDirectory: false),
          DirectoryEvent(.written, directory: "a", name: "x", isDirectory: false),
          DirectoryEvent(.movedOut(cookie: cookie), directory: "a", name: "x", isDirectory: false),
          DirectoryEvent(.movedIn(cookie: cookie), directory: "b", name: "y", isDirectory: false),
          DirectoryEvent(.created, directory: "a", name: "d", isDirectory: true),
          DirectoryEvent(.deleted, directory: "b", name: "y", isDirectory: false),
        ])
      watcher.close()
      scratch.remove()
    }
  }

  @Test("two equal counts vouch for a directory, whether or not somebody waits for the events")
  func changeCount() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      for directory in ["a", "b"] { try scratch.makeDirectory(directory) }
      let watcher = try InotifyWatcher(Reactor.startShared(), root: scratch.path)
      #expect(watcher.changeCount(in: "a") == nil)
      try watcher.watch("a")
      try watcher.watch("b")
      let still = watcher.changeCount(in: "a")
      #expect(still != nil)
      try scratch.write("b/other")
      #expect(watcher.changeCount(in: "a") == still)
      let waiter = Loop.task { () -> [DirectoryEvent] in
        do { return try await watcher.next() } catch { return [] }
      }
      for change in [{ try scratch.write("a/x") }, { try scratch.rename("a/x", "a/y") }, { try scratch.unlink("a/y") }]
      {
        let before = watcher.changeCount(in: "a")
        try change()
        #expect(watcher.changeCount(in: "a") != before)
      }
      // What was counted is told all the same.
      #expect(await waiter.value.contains { $0.name == "other" })
      let last = watcher.changeCount(in: "a")
      watcher.unwatch("a")
      #expect(watcher.changeCount(in: "a") == nil)
      try watcher.watch("a")
      #expect(watcher.changeCount(in: "a") != last)
      watcher.close()
      scratch.remove()
    }
  }

  @Test("reading and opening say nothing; a directory given up says nothing more")
  func silence() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      for directory in ["a", "b"] { try scratch.makeDirectory(directory) }
      try scratch.write("a/x", "1")
      let watcher = try InotifyWatcher(Reactor.startShared(), root: scratch.path)
      try watcher.watch("a")
      try watcher.watch("b")
      #expect(try await content("a/x", in: DiskFileSystem(root: scratch.path)) == "1")
      try scratch.write("b/before")
      watcher.unwatch("b")
      try scratch.write("b/after")
      try scratch.write("a/last")
      #expect(try await watcher.next().allSatisfy { $0.directory == "a" && $0.name == "last" })
      watcher.close()
      scratch.remove()
    }
  }

  @Test("a directory that is removed or renamed is told of once, and can be watched again")
  func directoryGone() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      for directory in ["a", "b"] { try scratch.makeDirectory(directory) }
      let watcher = try InotifyWatcher(Reactor.startShared(), root: scratch.path)
      try watcher.watch("a")
      try watcher.watch("b")
      try scratch.removeDirectory("a")
      try scratch.rename("b", "c")
      try scratch.write("c/unseen")
      try scratch.makeDirectory("a")
      var gone: [String] = []
      while gone.count < 2 { gone += try await watcher.next().filter { $0.kind == .directoryGone }.map(\.directory) }
      #expect(gone.sorted() == ["a", "b"])
      try watcher.watch("a")
      try watcher.watch("c")
      try scratch.write("a/x")
      try scratch.write("c/y")
      let events = try await watcher.next()
      #expect(Set(events.map { "\($0.directory)/\($0.name)" }) == ["a/x", "c/y"])
      watcher.close()
      scratch.remove()
    }
  }

  @Test("a directory that is watched under another name by now counts nothing under its former one (L8)")
  func formerName() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      for directory in ["old", "old/a"] { try scratch.makeDirectory(directory) }
      let watcher = try InotifyWatcher(Reactor.startShared(), root: scratch.path)
      try watcher.watch("old/a")
      #expect(watcher.changeCount(in: "old/a") != nil)
      try scratch.rename("old", "new")
      try watcher.watch("new/a")
      #expect(watcher.changeCount(in: "old/a") == nil)
      #expect(watcher.changeCount(in: "new/a") != nil)
      try scratch.write("new/a/x")
      #expect(try await watcher.next().allSatisfy { $0.directory == "new/a" })
      watcher.close()
      scratch.remove()
    }
  }

  @Test("a queue that ran over is told")
  func overflow() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      try scratch.makeDirectory("a")
      let watcher = try InotifyWatcher(Reactor.startShared(), root: scratch.path)
      try watcher.watch("a")
      try scratch.write("a/x")
      for _ in 0..<10_000 {
        try scratch.rename("a/x", "a/y")
        try scratch.rename("a/y", "a/x")
      }
      var isTold = false
      while !isTold { isTold = try await watcher.next().contains { $0.kind == .overflow } }
      watcher.close()
      scratch.remove()
    }
  }

  @Test("links are not followed to a directory elsewhere (law L12)")
  func links() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      for directory in ["root", "outside", "outside/in"] { try scratch.makeDirectory(directory) }
      try scratch.symlink("../outside", "root/link")
      try scratch.write("root/file")
      let watcher = try InotifyWatcher(Reactor.startShared(), root: "\(scratch.path)/root")
      for path in ["link", "link/in", "../outside", "file"] {
        #expect(kind { () throws(FileError) in try watcher.watch(path) } != nil)
      }
      #expect(kind { () throws(FileError) in try watcher.watch("missing") } == .notFound)
      watcher.close()
      scratch.remove()
    }
  }

  @Test("a limit of the kernel is named with its present value")
  func limits() async throws {
    try await Reactor.onShared {
      let error = InotifyWatcher.refusal("a", errno: ENOSPC, setting: InotifyLimits.watchesSetting)
      #expect(error.kind == .watchLimit)
      #expect(error.text.contains("fs.inotify.max_user_watches (now "))
    }
  }

  @Test("waiting ends when the task is cancelled and when the watcher is closed; no event is lost by it")
  func endings() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      try scratch.makeDirectory("a")
      let watcher = try InotifyWatcher(Reactor.startShared(), root: scratch.path)
      try watcher.watch("a")
      for _ in 0..<3 {
        let waiting = wait(watcher)
        await Task.yield()
        waiting.cancel()
        #expect(await waiting.value == nil)
      }
      try scratch.write("a/x")
      #expect(try await watcher.next().map(\.name) == ["x", "x"])
      let last = wait(watcher)
      await Task.yield()
      watcher.close()
      #expect(await last.value == nil)
      scratch.remove()
    }
  }

  @Loop
  private func wait(_ watcher: InotifyWatcher) -> Task<[DirectoryEvent]?, Never> {
    Loop.task {
      do {
        return try await watcher.next()
      } catch {
        return nil
      }
    }
  }
}

@Suite("Watch descriptors")
struct WatchTableTests {
  @Test("one directory under two names is told under the last")
  func aliases() {
    var table = WatchTable()
    #expect(table.add(1, for: "old") == (nil, nil))
    #expect(table.add(1, for: "new") == (nil, "old"))
    #expect(table.add(1, for: "new") == (nil, nil))
    #expect(table.directory(of: 1) == "new")
    #expect(table.remove("old") == nil)
    #expect(table.remove("new") == 1)
    #expect(table.directory(of: 1) == nil)
  }

  @Test("a directory that was exchanged gives up its former descriptor")
  func exchanged() {
    var table = WatchTable()
    #expect(table.add(1, for: "a") == (nil, nil))
    #expect(table.add(2, for: "a") == (1, nil))
    #expect(table.directory(of: 1) == nil)
    #expect(table.directory(of: 2) == "a")
    #expect(table.ended(1) == nil)
    #expect(table.ended(2) == "a")
    #expect(table.directory(of: 2) == nil)
  }

  @Test("a number that comes again is silent until its former life has ended")
  func reuse() {
    var table = WatchTable()
    #expect(table.add(1, for: "a") == (nil, nil))
    #expect(table.remove("a") == 1)
    #expect(table.add(1, for: "b") == (nil, nil))
    #expect(table.directory(of: 1) == nil)
    #expect(table.ended(1) == nil)
    #expect(table.directory(of: 1) == "b")
  }
}
