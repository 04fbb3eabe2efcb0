import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@Suite("Flags of files on a simulated disk")
struct DiskFlagsTests {
  /// The first flag takes a file from `new` to `cur`: two directories, which some file systems write back one by one, and
  /// where they cannot rename without replacing, two steps.
  @Test("change, and no message is lost, wherever a power cut comes (L1)", arguments: [true, false])
  func powerCuts(renamesAtOnce: Bool) async throws {
    try await Reactor.onShared {
      var traits = DiskTraits()
      traits.journal = .byDirectory
      traits.hasExclusiveRename = renamesAtOnce
      var deaths = 0
      for step in 1...100 {
        var hasDied = false
        for seed in diskSeeds { hasDied = try await powerCut(at: step, traits, seed: seed) }
        guard hasDied else { break }
        deaths += 1
      }
      #expect(deaths > 2 && deaths < 100)
    }
  }

  /// False where all was done before that step.
  @Loop
  private func powerCut(at step: Int, _ traits: DiskTraits, seed: UInt64) async throws -> Bool {
    let fixture = try DiskFixture(traits)
    let store = fixture.store(marker: nil)
    try await store.open()
    try await store.createFolder(.inbox)
    let names = ["1.a.person", "2.b.person"]
    for name in names { try fixture.disk.write("/mail/INBOX/new/\(name)", "Subject: \(name)\n\n") }
    fixture.disk.writeBack()
    await store.close()
    let marker = try #require(store.marker)
    fixture.restart(deathStep: step)
    let keys = names.map { MessageKey.file($0) }
    do {
      let doomed = fixture.store(marker: marker, processID: 2)
      try await doomed.open()
      let changes = keys.map { FlagChange(key: $0, adding: FlagSet([.seen]), removing: .none) }
      _ = try await doomed.update(changes, in: .inbox)
    } catch {
      #expect(fixture.life.isDead)
    }
    let hasDied = fixture.life.isDead
    fixture.crash(.powerCut, seed: seed)
    let next = fixture.store(marker: marker, processID: 3)
    try await next.open()
    let look = try await next.look(at: .inbox, .wide(since: nil))
    #expect(Set(look.present.keys) == Set(keys), "death at step \(step), seed \(seed)")
    await next.close()
    return hasDied
  }
}
