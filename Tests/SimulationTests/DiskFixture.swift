import Mail
import Maildir
import Ports
import Reconciliation
import Simulation
import Support
import Testing

/// A simulated disk with an empty tree at `/mail`, and a first process on it.
@Loop
final class DiskFixture {
  let disk: SimulatedDisk
  let log = EventLog(keepsLines: true)
  let clock: SimulatedClock
  private(set) var life: Lifeline
  private(set) var files: any FileSystem

  init(_ traits: DiskTraits = DiskTraits(), deathStep: Int? = nil, jump: Duration = .seconds(60)) throws {
    clock = SimulatedClock(jump: jump)
    disk = SimulatedDisk(log: log, clock: clock, traits: traits)
    try disk.makeDirectory("/mail")
    disk.writeBack()
    life = Lifeline(deathStep: deathStep, keepsNames: true)
    files = disk.fileSystem(root: "/mail", life: life)
  }

  /// The next process, after the present one has ended.
  func restart(deathStep: Int? = nil) {
    life.end()
    life = Lifeline(deathStep: deathStep, keepsNames: true)
    files = disk.fileSystem(root: "/mail", life: life)
  }

  func crash(_ model: LossModel, seed: UInt64) {
    var dice = Dice(seed: seed)
    disk.crash(model, dice: &dice)
    restart()
  }

  /// As martlet writes a file.
  func write(_ path: String, _ text: String, modified: InternalDate? = nil) throws(FileError) {
    let writer = try files.create(path)
    try writer.write(Array(text.utf8))
    try writer.finish(modified: modified)
  }

  func read(_ path: String) async throws -> String {
    let reader = try files.open(path)
    var bytes: [UInt8] = []
    while true {
      let piece = try await reader.read(upTo: 3)
      if piece.isEmpty { return String(decoding: bytes, as: UTF8.self) }
      bytes += piece
    }
  }

  /// Sorted.
  func names(_ directory: String) async throws -> [String] { try await files.list(directory).map(\.name).sorted() }

  func store(marker: String?, processID: Int32 = 1) -> MaildirStore {
    MaildirStore(
      title: "test", layout: .nested, fileSystem: files, clock: clock,
      names: UniqueNames(host: "host", processID: processID, tag: 1), expectedMarker: marker,
      makeWatcher: { [disk, life] () throws(FileError) in try disk.watcher(root: "/mail", life: life) })
  }
}

/// The kind of what `body` throws, nil where it does not.
func refusal(_ body: () throws(FileError) -> Void) -> FileError.Kind? {
  do {
    try body()
    return nil
  } catch {
    return error.kind
  }
}

func refusal(_ body: () async throws(FileError) -> Void) async -> FileError.Kind? {
  do {
    try await body()
    return nil
  } catch {
    return error.kind
  }
}

/// The tests of one rule for many dice.
let diskSeeds: [UInt64] = Array(1...200)
