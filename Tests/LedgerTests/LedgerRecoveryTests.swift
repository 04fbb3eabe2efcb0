import Foundation
import LedgerSQLite
import Mail
import Ports
import Reactor
import Reconciliation
import Support
import Testing

@Suite("A damaged ledger")
struct LedgerRecoveryTests {
  private let scratch: TemporaryDirectory
  private var path: String { scratch.path + "/" + SQLiteLedger.fileName }

  init() throws { scratch = try TemporaryDirectory("ledger") }

  enum Damage: CaseIterable { case text, page, cut }

  /// A ledger of some pages, then what the disk made of it.
  private func damage(_ kind: Damage) async throws {
    try await Reactor.onShared {
      let ledger = try SQLiteLedger(directory: scratch.path)
      for number in 0..<400 {
        let name = try #require(FolderName("folder \(number)"))
        _ = try ledger.addFolder(Sides(near: name, far: name))
      }
      ledger.close()
    }
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    switch kind {
    case .text: bytes = Array(repeating: 65, count: 5000)
    case .page: for place in 4096..<(bytes.count - 4096) { bytes[place] = UInt8(truncatingIfNeeded: place &* 31) }
    case .cut: bytes.removeLast(bytes.count / 2)
    }
    try Data(bytes).write(to: URL(filePath: path))
  }

  @Test("is set aside whole, and a new one begun (L3, L8)", arguments: Damage.allCases)
  func replaced(kind: Damage) async throws {
    try await damage(kind)
    let before = try Data(contentsOf: URL(filePath: path))
    try await Reactor.onShared {
      let error = #expect(throws: LedgerError.self) { try SQLiteLedger(directory: scratch.path) }
      #expect(error?.isDamage == true)
      #expect(error?.text.contains(path) == true)
      let opened = try LedgerRecovery(directory: scratch.path, now: 7)
      #expect(opened.setAside == path + ".damaged-7")
      #expect(try opened.ledger.folders().isEmpty)
      opened.ledger.close()
      // Opening it may have touched the first page and added one before the damage was seen.
      let kept = try Data(contentsOf: URL(filePath: path + ".damaged-7"))
      #expect(kept.dropFirst(4096).prefix(before.count - 4096) == before.dropFirst(4096))
      let again = try LedgerRecovery(directory: scratch.path, now: 8)
      #expect(again.setAside == nil)
      again.ledger.close()
    }
  }

  @Test("does not take the place of one that was set aside in the same second")
  func twice() async throws {
    try await damage(.text)
    try await Reactor.onShared { try LedgerRecovery(directory: scratch.path, now: 7).ledger.close() }
    try FileManager.default.removeItem(atPath: path)
    try await damage(.text)
    try await Reactor.onShared {
      let opened = try LedgerRecovery(directory: scratch.path, now: 7)
      #expect(opened.setAside == path + ".damaged-7-2")
      opened.ledger.close()
    }
  }

  @Test("is none where the file is another program's, or of a newer martlet: a person is asked")
  func foreign() async throws {
    try Data().write(to: URL(filePath: scratch.path + "/file"))
    try await Reactor.onShared {
      let error = #expect(throws: LedgerError.self) {
        try LedgerRecovery(directory: scratch.path + "/file/account", now: 7)
      }
      #expect(error?.isDamage == false)
    }
  }

  @Test("is looked for at the first opening, and again where the file is not as it was left", arguments: [false, true])
  func known(isTouched: Bool) async throws {
    try await damage(.page)
    let url = URL(filePath: path)
    let damaged = try Data(contentsOf: url)
    try await Reactor.onShared {
      let first = try LedgerRecovery(directory: scratch.path, now: 7)
      #expect(first.setAside != nil)
      #expect(first.ledger.leftAs == nil)
      for number in 0..<400 {
        let name = try #require(FolderName("folder \(number)"))
        _ = try first.ledger.addFolder(Sides(near: name, far: name))
      }
      first.ledger.close()
      let known = try #require(first.ledger.leftAs)
      // In place, so that it is the same file.
      var times = stat()
      #expect(unsafe stat(path, &times) == 0)
      let file = try FileHandle(forWritingTo: url)
      try file.seek(toOffset: 8192)
      try file.write(contentsOf: damaged[8192..<12288])
      try file.close()
      let seconds = [times.st_atim, isTouched ? timespec(tv_sec: 1_000_000_000, tv_nsec: 0) : times.st_mtim]
      #expect(unsafe utimensat(AT_FDCWD, path, seconds, 0) == 0)
      let second = try LedgerRecovery(directory: scratch.path, now: 8, known: known)
      #expect((second.setAside != nil) == isTouched)
      second.ledger.close()
    }
  }

  /// An index that says something else than its table, which no quick look shows.
  private func bendIndex() async throws {
    try await Reactor.onShared {
      let ledger = try LedgerRecovery(directory: scratch.path, now: 1_000_000).ledger
      let folder = try ledger.addFolder(Sides(near: .inbox, far: .inbox))
      for number in 1...50 {
        let identity = try #require(MessageDigest(bytes: Array(repeating: UInt8(number), count: 32)))
        try ledger.commit([
          .addPair(
            folder.id, near: Sighting(key: .file("file-\(number)"), flags: .none),
            far: Sighting(key: .uid(UID(integerLiteral: UInt32(number))), flags: .none),
            identity: MessageIdentity(digest: identity, wireSize: 1, messageID: nil), date: nil)
        ])
      }
      ledger.close()
    }
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    // The name stands in its row, where the digest comes behind it, and in the index.
    let name = Array("file-37".utf8)
    let digest = [UInt8](repeating: 37, count: 8)
    let places = bytes.indices.filter { bytes[$0...].starts(with: name) }
    let place = try #require(
      places.first { place in !(place..<(place + 40)).contains { bytes[$0...].starts(with: digest) } })
    bytes[place + 5] = UInt8(ascii: "9")
    try Data(bytes).write(to: URL(filePath: path))
  }

  @Test("in an index only is found once a day, and after an error that it led to (L1, L3)")
  func bentIndex() async throws {
    try await bendIndex()
    try await Reactor.onShared {
      let soon = try LedgerRecovery(directory: scratch.path, now: 1_000_100)
      #expect(soon.setAside == nil, "a quick look does not show it")
      soon.ledger.close()
      let error = #expect(throws: LedgerError.self) { try SQLiteLedger(lookingInto: scratch.path) }
      #expect(error?.isDamage == true, "the doctor looks thoroughly")
      let later = try LedgerRecovery(directory: scratch.path, now: 1_000_000 + 90_000)
      #expect(later.setAside != nil)
      later.ledger.close()
    }
  }

  @Test("that contradicts what is recorded is looked at thoroughly at the next start")
  func contradiction() async throws {
    try await bendIndex()
    try await Reactor.onShared {
      let ledger = try LedgerRecovery(directory: scratch.path, now: 1_000_100).ledger
      let folder = try #require(try ledger.folders().first)
      let pair = try #require(try ledger.pairs(in: folder.id).first)
      #expect(throws: LedgerError.self) {
        try ledger.commit([
          .addPair(
            folder.id, near: pair[.near], far: pair[.far],
            identity: MessageIdentity(
              digest: try #require(MessageDigest(bytes: Array(repeating: 9, count: 32))), wireSize: 1, messageID: nil),
            date: nil)
        ])
      }
      ledger.close()
      let next = try LedgerRecovery(directory: scratch.path, now: 1_000_200)
      #expect(next.setAside != nil)
      next.ledger.close()
      #expect(!FileManager.default.fileExists(atPath: path + ".suspect"))
    }
  }
}
