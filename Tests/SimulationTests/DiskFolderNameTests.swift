import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@Suite("Folders on a disk that takes different names for one")
struct DiskFolderNameTests {
  private static let composed = "caf\u{E9}", decomposed = "cafe\u{301}"

  @Test(
    "a second folder is refused where it would be the first one's directory, and the first stays as it is (L3)",
    arguments: [
      ("Archive", "archive"), ("Archive/2026", "archive/2027"), (composed, decomposed), ("A/CUR", "A"), ("A", "A/Cur"),
    ])
  func caseInsensitive(first: String, second: String) async throws {
    try await Reactor.onShared {
      let fixture = try Self.fixture(.caseInsensitive)
      let store = fixture.store(marker: nil)
      try await store.open()
      let names = try [first, second].map { try #require(FolderName($0)) }
      try await store.createFolder(names[0])
      let before = fixture.disk.dump(below: "/mail")
      let error = await #expect(throws: StoreError.self) { try await store.createFolder(names[1]) }
      #expect(error?.scope == .folder && error?.kind == .refused)
      #expect(error?.text.contains("it is the same directory as") == true)
      let parts = second == "A" ? ["/mail/A/tmp", "/mail/A/new"] : []
      #expect(fixture.disk.dump(below: "/mail") == before || !parts.isEmpty)
      #expect(try await store.folders().filter(\.holdsMessages).map(\.name).contains(names[0]))
      // Again, under the name that it has.
      try await store.createFolder(names[0])
      await store.close()
    }
  }

  @Test("a folder whose name the disk writes in its own way is refused, and leaves nothing behind (L3)")
  func normalizing() async throws {
    try await Reactor.onShared {
      let fixture = try Self.fixture(.normalizing)
      let store = fixture.store(marker: nil)
      try await store.open()
      let (composed, decomposed) = try (
        #require(FolderName(Self.composed)), #require(FolderName(Self.decomposed))
      )
      await #expect(throws: StoreError.self) { try await store.createFolder(composed) }
      #expect(fixture.disk.list("/mail") == [".martlet"])
      try await store.createFolder(decomposed)
      let error = await #expect(throws: StoreError.self) { try await store.createFolder(composed) }
      #expect(error?.scope == .folder && error?.kind == .refused)
      #expect(try await store.folders().map(\.name) == [decomposed])
      await store.close()
    }
  }

  @Test(
    "a folder that was renamed to other capitals is gone under its former name, as elsewhere (L3)", arguments: [0, 1])
  func renamed(level: Int) async throws {
    try await Reactor.onShared {
      let fixture = try Self.fixture(.caseInsensitive)
      let store = fixture.store(marker: nil)
      try await store.open()
      let (former, now) = (["Archive/2026", "Box/Archive"], ["ARCHIVE/2026", "Box/ARCHIVE"])
      let names = try [former[level], now[level]].map { try #require(FolderName($0)) }
      try await store.createFolder(names[0])
      _ = try await store.look(at: names[0], .glance)
      let directory = ["Archive", "Box/Archive"][level]
      try fixture.disk.rename("/mail/" + directory, "/mail/" + ["ARCHIVE", "Box/ARCHIVE"][level])
      #expect(try await store.folders().filter(\.holdsMessages).map(\.name) == [names[1]])
      let error = await #expect(throws: StoreError.self) { _ = try await store.look(at: names[0], .glance) }
      #expect(error?.scope == .folder && error?.kind == .gone)
      _ = try await store.look(at: names[1], .glance)
      await store.close()
    }
  }

  @Loop
  private static func fixture(_ names: DiskTraits.Names) throws -> DiskFixture {
    var traits = DiskTraits()
    traits.names = names
    return try DiskFixture(traits)
  }
}
