import Glibc
import Ports
import Reactor
import Synchronization
import Testing

@Suite struct SideQueueTests {
  @Test("work runs on another thread, and its caller goes on where it was")
  func comesBack() async throws {
    try await Reactor.onShared {
      let queue = SideQueue(name: "side", threads: 2)
      let here = pthread_self()
      let there = await queue.run { pthread_self() }
      #expect(there != here)
      #expect(pthread_self() == here)
    }
  }

  @Test("an error thrown by the work reaches the caller with its type")
  func typedThrow() async throws {
    struct Refused: Error, Equatable { let number: Int }
    let queue = SideQueue(name: "side", threads: 1)
    await #expect(throws: Refused(number: 7)) {
      try await queue.run { () throws(Refused) -> Int in throw Refused(number: 7) }
    }
  }

  @Test("as many pieces of work run at once as there are threads, and not more")
  func width() async throws {
    let queue = SideQueue(name: "side", threads: 3)
    let gauge = Gauge()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<12 {
        group.addTask {
          await queue.run {
            gauge.enter()
            usleep(5_000)
            gauge.leave()
          }
        }
      }
    }
    #expect(gauge.most <= 3)
    #expect(gauge.most >= 2)
  }

  @Test("work that was queued is done although the queue is let go of")
  func drains() async throws {
    let last = Task {
      await SideQueue(name: "side", threads: 1).run { () -> Int in
        usleep(20_000)
        return 5
      }
    }
    #expect(await last.value == 5)
  }
}

private final class Gauge: Sendable {
  private let state = Mutex((now: 0, most: 0))
  var most: Int { state.withLock { $0.most } }

  func enter() {
    state.withLock {
      $0.now += 1
      $0.most = max($0.most, $0.now)
    }
  }

  func leave() { state.withLock { $0.now -= 1 } }
}
