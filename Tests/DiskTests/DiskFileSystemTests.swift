import Glibc
import Mail
import Ports
import Reactor
import Synchronization
import Testing

@testable import Disk

/// Each with openat2, and with the walk for systems without it.
@Suite("Files below a root")
struct DiskFileSystemTests {
  @Test("files are made, written, dated, read twice, renamed, linked and removed", arguments: [false, true])
  func aFilesLife(walks: Bool) async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      let files = DiskFileSystem(root: scratch.path, walks: walks)
      try files.makeDirectory("a/b")
      let writer = try files.create("a/b/f")
      #expect(kind { () throws(FileError) in _ = try files.create("a/b/f") } == .exists)
      try writer.write(Array("hello ".utf8))
      try writer.write(Array("world".utf8))
      try writer.finish(modified: InternalDate(secondsSince1970: -5))
      #expect(kind { () throws(FileError) in try writer.write([1]) } == .failed)
      let status = try #require(try files.status("a/b/f"))
      #expect(status.kind == .file && status.size == 11 && status.modifiedDate.secondsSince1970 == -5)

      // The year 2446, which nanoseconds in 64 bits do not reach.
      let late = try files.create("a/b/late")
      try late.finish(modified: InternalDate(secondsSince1970: 15_032_385_535))
      let lateDate = try #require(try files.status("a/b/late")).modifiedDate
      #expect(lateDate.secondsSince1970 == Int64.max / 1_000_000_000)
      try files.unlink("a/b/late")

      let reader = try files.open("a/b/f")
      #expect(reader.size == 11 && reader.modified.secondsSince1970 == -5)
      #expect(try await reader.read(upTo: 5) == Array("hello".utf8))
      try files.rename("a/b/f", to: "a/g", isMail: true)
      try reader.rewind()
      #expect(try await reader.read(upTo: 100) == Array("hello world".utf8))
      #expect(try await reader.read(upTo: 100).isEmpty)
      #expect(try reader.isUnchanged())
      try scratch.write("a/g", "!")
      #expect(try !reader.isUnchanged())
      reader.close()

      try files.link("a/g", to: "a/b/h")
      #expect(try files.status("a/g")?.linkCount == 2)
      #expect(kind { () throws(FileError) in try files.rename("a/g", to: "a/b/h", isMail: true) } == .exists)
      try scratch.write("a/new", "new")
      try files.replace("a/g", with: "a/new")
      #expect(try await content("a/g", in: files) == "new")
      #expect(kind { () throws(FileError) in try files.removeDirectory("a/b") } == .notEmpty)
      try files.unlink("a/b/h")
      try files.removeDirectory("a/b")
      #expect(try await files.list("a").map(\.name) == ["g"])
      scratch.remove()
    }
  }

  @Test("no path leaves the root, by name or by link (law L12)", arguments: [false, true])
  func nothingLeaves(walks: Bool) async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      for directory in ["root", "outside", "root/in"] { try scratch.makeDirectory(directory) }
      try scratch.write("outside/secret", "secret")
      try scratch.symlink("../outside", "root/link")
      try scratch.symlink("../../outside/secret", "root/in/file")
      let files = DiskFileSystem(root: "\(scratch.path)/root", walks: walks)
      for path in [
        "../outside/secret", "link/secret", "in/file", "in/../../outside/secret", "/etc/passwd", "in//x", "in/./x",
        "link/new",
      ] {
        #expect(kind { () throws(FileError) in _ = try files.open(path) } != nil)
        #expect(kind { () throws(FileError) in _ = try files.create(path) } != nil)
        #expect(
          kind { () throws(FileError) in try files.rename(path, to: "in/taken", isMail: true) } != nil
            || path == "in/file")
        #expect(kind { () throws(FileError) in try files.link(path, to: "in/linked") } != nil || path == "in/file")
      }
      for directory in ["link", "..", "link/x"] {
        await #expect(throws: FileError.self) { try await files.list(directory) }
        #expect(kind { () throws(FileError) in try files.makeDirectory(directory + "/y") } != nil)
      }
      // A link itself may be renamed and seen, never followed.
      #expect(try files.status("in/taken")?.kind == .symbolicLink)
      #expect(try await content("outside/secret", in: DiskFileSystem(root: scratch.path)) == "secret")
      #expect(try await DiskFileSystem(root: scratch.path).list("outside").map(\.name) == ["secret"])
      scratch.remove()
    }
  }

  @Test("the root may be a link, may be missing, and is made when asked for")
  func roots() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      let files = DiskFileSystem(root: "\(scratch.path)/x/y")
      #expect(try files.status("") == nil)
      #expect(try files.status("a") == nil)
      await #expect(throws: FileError.self) { try await files.list("") }
      try files.makeDirectory("")
      #expect(try files.status("")?.kind == .directory)
      try scratch.symlink("x/y", "link")
      let linked = DiskFileSystem(root: "\(scratch.path)/link")
      try linked.makeDirectory("z")
      #expect(try await files.list("").map(\.name) == ["z"])
      scratch.remove()
    }
  }

  @Test("what is no regular file is not opened, and nobody waits for it")
  func specialFiles() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      let files = DiskFileSystem(root: scratch.path)
      try #require(unsafe mkfifo("\(scratch.path)/fifo", 0o600) == 0)
      try scratch.makeDirectory("directory")
      try scratch.write("file")
      try scratch.symlink("file", "link")
      for path in ["fifo", "directory", "link"] {
        #expect(kind { () throws(FileError) in _ = try files.open(path) } == .notRegular)
      }
      let kinds = Dictionary(uniqueKeysWithValues: try await files.list("").map { ($0.name, $0.kind) })
      #expect(kinds == ["fifo": .other, "directory": .directory, "link": .symbolicLink, "file": .file])
      #expect(kind { () throws(FileError) in _ = try files.open("file/below") } == .notRegular)
      #expect(kind { () throws(FileError) in _ = try files.status("file/below") } == .notRegular)
      scratch.remove()
    }
  }

  @Test(
    "the system's reasons are told apart",
    arguments: [
      (ENOENT, FileError.Kind.notFound), (EEXIST, .exists), (ELOOP, .notRegular), (EACCES, .accessDenied),
      (EPERM, .accessDenied), (ENOSPC, .full), (EDQUOT, .full), (EFBIG, .full), (EROFS, .readOnly),
      (EMFILE, .tooManyOpen),
      (ENFILE, .tooManyOpen), (ENAMETOOLONG, .nameTooLong), (ENOTEMPTY, .notEmpty), (EXDEV, .unsupported),
      (EIO, .failed),
    ])
  func reasons(number: Int32, kind: FileError.Kind) {
    let error = FileError("open", "a\u{1B}b", errno: number)
    #expect(error.kind == kind)
    #expect(error.text.hasPrefix("open a\\u{1b}b: "))
  }

  @Test("names that are not UTF-8 are listed as such; a listing of many entries is whole")
  func listing() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      let files = DiskFileSystem(root: scratch.path)
      for number in 0..<3000 { try scratch.write("entry-\(number)") }
      let raw = (Array("\(scratch.path)/".utf8) + [0xFF, 0x61, 0]).map { CChar(bitPattern: $0) }
      close(unsafe open(raw, O_WRONLY | O_CREAT, 0o600))
      let entries = try await files.list("")
      #expect(entries.count == 3001)
      #expect(entries.filter { !$0.isDecodable }.map(\.name) == ["\u{FFFD}a"])
      #expect(Set(entries.map(\.name)).count == 3001)
      let few = try await files.list("", beginningWith: ["entry-299", "entry-17", "entry-3000"])
      #expect(
        Set(few.map(\.name))
          == Set(entries.map(\.name).filter { $0.hasPrefix("entry-299") || $0.hasPrefix("entry-17") }))
      #expect(try await files.list("", beginningWith: []).isEmpty)
      scratch.remove()
    }
  }

  @Test("an entry that cannot be looked at is not left out of a listing, unless it has gone (L8)")
  func unknownKinds() throws {
    let unknown = UInt8(DT_UNKNOWN)
    let number = unsafe open("/dev", O_RDONLY | O_DIRECTORY)
    #expect(try unsafe DirectoryListing.kind(unknown, "shm", number, "") == .directory)
    #expect(try unsafe DirectoryListing.kind(unknown, "none", number, "") == nil)
    close(number)
    #expect(throws: FileError.self) { _ = try unsafe DirectoryListing.kind(unknown, "shm", -1, "") }
  }

  @Test("a full disk, a full table of descriptors and long names are told", .timeLimit(.minutes(1)))
  func limits() async throws {
    try await Reactor.onShared {
      let full = DiskFileSystem(root: "/dev")
      // /dev/full is a device, and so is not opened as mail either.
      #expect(kind { () throws(FileError) in _ = try full.open("full") } == .notRegular)
      let scratch = try Scratch()
      let files = DiskFileSystem(root: scratch.path)
      let long = String(repeating: "x", count: 256)
      #expect(kind { () throws(FileError) in _ = try files.create(long) } == .nameTooLong)
      #expect(kind { () throws(FileError) in _ = try files.create(String(long.dropLast())) } == nil)
      scratch.remove()
    }
  }

  @Test("a batch is durable through either way, and one missing file fails it", arguments: [1, 3, 4, 40])
  func barrier(count: Int) async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      let files = DiskFileSystem(root: scratch.path)
      try files.makeDirectory("tmp")
      let names = (0..<count).map { "tmp/\($0)" }
      for name in names {
        let writer = try files.create(name)
        try writer.write([0x78])
        try writer.finish(modified: nil)
      }
      try await files.makeDurable(files: names, directories: ["tmp", ""])
      await #expect(throws: FileError.self) {
        try await files.makeDurable(files: names.map { "gone/\($0)" }, directories: [])
      }
      await #expect(throws: FileError.self) { try await files.makeDurable(files: [], directories: ["gone"]) }
      scratch.remove()
    }
  }

  @Test("a directory is locked by one at a time, in this process too, and let go of with the last reference")
  func locks() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      let (one, other) = (DiskFileSystem(root: scratch.path), DiskFileSystem(root: scratch.path))
      var lock = try one.lock("")
      #expect(lock != nil)
      for system in [one, other] {
        let error = #expect(throws: FileError.self) { _ = try system.lock("") }
        #expect(error?.kind == .held)
      }
      lock?.release()
      lock = try other.lock("")
      #expect(throws: FileError.self) { _ = try one.lock("") }
      lock = nil
      #expect(try one.lock("") != nil)
      #expect(throws: FileError.self) { _ = try one.lock("not there") }
      scratch.remove()
    }
  }

  @Test("after a failed sync, what was written before it never counts as durable")
  func failedSyncIsFinal() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      let files = DiskFileSystem(root: scratch.path, walks: false) { files, _, _ throws(FileError) in
        if files == ["broken"] { throw FileError("sync", "broken", errno: EIO) }
      }
      for name in ["before", "broken", "other"] { try files.create(name).finish(modified: nil) }
      try await files.makeDurable(files: ["other"], directories: [])
      await #expect(throws: FileError.self) { try await files.makeDurable(files: ["broken"], directories: []) }
      // Its pages may be what was lost: the kernel tells that to one caller only.
      await #expect(throws: FileError.self) { try await files.makeDurable(files: ["before"], directories: []) }
      try files.unlink("before")
      try files.create("before").finish(modified: nil)
      try await files.makeDurable(files: ["before", "other"], directories: [""])
      scratch.remove()
    }
  }

  @Test("a rename in two steps is durable under the new name before the former one goes, if it is of mail")
  func renamesInTwoSteps() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      let path = scratch.path
      let fails = Atomic(false)
      let files = DiskFileSystem(root: path, walks: false, renamesAtOnce: false) {
        _, directories, _ throws(FileError) in
        let names = ["a/x", "b/x"].filter { unsafe access("\(path)/\($0)", F_OK) == 0 }
        #expect(directories == ["b"] && names == ["a/x", "b/x"])
        if fails.load(ordering: .relaxed) { throw FileError("sync", "b", errno: EIO) }
      }
      for name in ["a", "b"] { try files.makeDirectory(name) }
      try files.create("a/x").finish(modified: nil)
      try files.rename("a/x", to: "b/x", isMail: true)
      #expect(try files.status("a/x") == nil)
      // One directory needs no barrier, and nor does a draft.
      try files.rename("b/x", to: "b/y", isMail: true)
      try files.rename("b/y", to: "a/x", isMail: false)
      fails.store(true, ordering: .relaxed)
      #expect(throws: FileError.self) { try files.rename("a/x", to: "b/x", isMail: true) }
      #expect(try files.status("a/x") != nil)
      scratch.remove()
    }
  }

  @Test("a failed sync is missed by no barrier that was under way meanwhile")
  func failedSyncBeside() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      let gate = Gate()
      let files = DiskFileSystem(root: scratch.path, walks: false) { files, _, _ throws(FileError) in
        if files == ["broken"] { throw FileError("sync", "broken", errno: EIO) }
        gate.pass()
      }
      for name in ["slow", "broken"] { try files.create(name).finish(modified: nil) }
      let slow = Loop.task {
        _ = await #expect(throws: FileError.self) { try await files.makeDurable(files: ["slow"], directories: []) }
      }
      while !gate.isWaiting.load(ordering: .relaxed) { await Task.yield() }
      await #expect(throws: FileError.self) { try await files.makeDurable(files: ["broken"], directories: []) }
      gate.isOpen.store(true, ordering: .relaxed)
      await slow.value
      await #expect(throws: FileError.self) { try await files.makeDurable(files: ["slow"], directories: []) }
      scratch.remove()
    }
  }
}

/// Where a side queue's thread waits for the test.
private final class Gate: Sendable {
  let isWaiting = Atomic(false)
  let isOpen = Atomic(false)

  func pass() {
    isWaiting.store(true, ordering: .relaxed)
    while !isOpen.load(ordering: .relaxed) { usleep(1000) }
  }
}
