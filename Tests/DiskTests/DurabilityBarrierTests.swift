import Glibc
import Ports
import Reactor
import Synchronization
import Testing

@testable import Disk

@Suite("The barrier of many files")
struct DurabilityBarrierTests {
  private static let ext4: Int64 = 0xEF53
  private static let fuse: Int64 = 0x6573_5546

  @Test("is one sync of the file system where that is known to be whole, and else one of each file (L4)")
  func kinds() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      let names = (0..<6).map { "file-\($0)" }
      for name in names { try scratch.write(name) }
      let root = try RootDirectory(scratch.path)
      for (type, together, alone) in [(Self.ext4, 1, 0), (Self.fuse, 0, 6), (nil, 0, 6)] {
        let calls = CountedCalls(type)
        try DurabilityBarrier.pass(files: names, directories: [], in: root, by: calls.asCalls)
        #expect(calls.syncedFileSystems.count == together && calls.syncedFiles == alone, "\(type ?? 0)")
        // A file that is not there is not passed over.
        guard together == 0 else { continue }
        #expect(throws: FileError.self) {
          try DurabilityBarrier.pass(files: names + ["gone"], directories: [], in: root, by: calls.asCalls)
        }
      }
      scratch.remove()
    }
  }

  @Test("hears of errors that others were told of: each time it is called on the root's own descriptor (L4)")
  func ownDescriptor() async throws {
    try await Reactor.onShared {
      let scratch = try Scratch()
      try scratch.makeDirectory("folder")
      let names = (0..<4).map { "folder/file-\($0)" }
      for name in names { try scratch.write(name) }
      let root = try RootDirectory(scratch.path)
      let calls = CountedCalls(Self.ext4)
      for _ in 0..<2 { try DurabilityBarrier.pass(files: names, directories: [], in: root, by: calls.asCalls) }
      #expect(calls.syncedFileSystems == [root.heldNumber, root.heldNumber])
      scratch.remove()
    }
  }

  @Test("leaves no file to a sync that is not its own: those of a mount are synced one by one (L4)")
  func mounts() async throws {
    try await Reactor.onShared {
      // A file system within another, on every machine.
      let root = try RootDirectory("/dev")
      let name = "shm/martlet-disk-\(getpid())"
      let number = unsafe open("/dev/\(name)", O_WRONLY | O_CREAT, 0o600)
      try #require(number >= 0)
      close(number)
      let devices = ["null", "zero", "full", "random"]
      for (files, together, alone) in [
        (devices + [name], 1, 1), (devices.dropLast() + [name], 0, 4), ([name, name, name, name], 0, 4),
      ] {
        let calls = CountedCalls(Self.ext4)
        try DurabilityBarrier.pass(files: files, directories: [], in: root, by: calls.asCalls)
        #expect(calls.syncedFileSystems.count == together && calls.syncedFiles == alone, "\(files)")
      }
      _ = unsafe unlink("/dev/\(name)")
    }
  }

  @Test("trusts no file system that may answer without having synced what is below it, or keeps its errors to itself")
  func trusted() {
    // FUSE, NFS, CIFS, eCryptfs, overlayfs, 9P; as 32 bits, so that none is negative.
    for type: Int64 in [Self.fuse, 0x6969, 0xFF53_4D42, 0xF15F, 0x794C_7630, 0x0102_1997, 0] {
      #expect(!DurabilityBarrier.syncsWhole(type), "\(type)")
    }
    // btrfs and F2FS have the highest bit.
    for type: Int64 in [Self.ext4, 0x9123_683E, 0xF2F5_2010, 0x5846_5342, 0x0102_1994] {
      #expect(DurabilityBarrier.syncsWhole(type), "\(type)")
    }
    let number = unsafe open("/dev/shm", O_RDONLY | O_DIRECTORY)
    #expect(SyncCalls.kernel.fileSystemType(number) == 0x0102_1994)
    close(number)
    #expect(SyncCalls.kernel.fileSystemType(-1) == nil)
  }
}

/// Calls that succeed, and are counted.
private final class CountedCalls: Sendable {
  private let type: Int64?
  private let files = Mutex(0)
  private let fileSystems = Mutex<[Int32]>([])

  var syncedFiles: Int { files.withLock { $0 } }
  var syncedFileSystems: [Int32] { fileSystems.withLock { $0 } }

  init(_ type: Int64?) { self.type = type }

  var asCalls: SyncCalls {
    SyncCalls(
      fileSystemType: { [type] _ in type },
      syncFile: { _ in
        self.files.withLock { $0 += 1 }
        return 0
      },
      syncFileSystem: { number in
        self.fileSystems.withLock { $0.append(number) }
        return 0
      })
  }
}
