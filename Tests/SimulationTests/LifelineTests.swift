import Reactor
import Simulation
import Testing

@Suite("A simulated process")
struct LifelineTests {
  @Test("dies in the place of the effect it was told to, and does nothing afterwards")
  func death() async throws {
    try await Reactor.onShared {
      let life = Lifeline(deathStep: 3, keepsNames: true)
      var closed = 0
      life.whenDead { closed += 1 }
      #expect(life.mayAct("a") && life.mayAct("b"))
      #expect(!life.mayAct("c") && !life.mayAct("d"))
      #expect(life.isDead)
      #expect(life.names == ["a", "b", "c"])
      life.end()
      #expect(closed == 1)
    }
  }

  @Test("has a log whose fingerprint tells every difference")
  func fingerprint() async throws {
    try await Reactor.onShared {
      let logs = [["a", "b"], ["a", "b"], ["ab"], ["b", "a"]].map { lines in
        let log = EventLog()
        for line in lines { log.note(line) }
        return log.fingerprint
      }
      #expect(logs[0] == logs[1])
      #expect(Set(logs).count == 3)
    }
  }
}
