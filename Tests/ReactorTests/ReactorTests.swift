import Glibc
import Ports
import Reactor
import Testing

/// All else rests on this: what is isolated to `Loop` runs on one thread, and a loop at rest costs nothing.
@Suite struct ReactorTests {
  @Test("work stays on the loop's thread across every kind of await")
  func staysOnThread() async throws {
    let threads = try await Reactor.onShared {
      var seen: Set<UInt> = [thread()]
      seen.insert(await fromNonisolated())
      await Task.yield()
      seen.insert(thread())
      seen.insert(await Bystander().ask())
      seen.insert(thread())
      async let child = onLoop()
      seen.insert(await child)
      seen.formUnion(
        await withTaskGroup(of: UInt.self) { group in
          for _ in 0..<4 { group.addTask { await fromNonisolated() } }
          var all: Set<UInt> = []
          for await one in group { all.insert(one) }
          return all
        })
      seen.insert(await Loop.task { thread() }.value)
      await withTaskCancellationHandler {
        let inside = await fromNonisolated()
        seen.insert(inside)
      } onCancel: {
      }
      seen.insert(thread())
      return seen
    }
    #expect(threads.count == 1)
    let isOutside = threads.contains(thread())
    #expect(!isOutside)
  }

  @Test("jobs from other threads run in the order each thread gave them")
  func remoteOrder() async throws {
    let order = try await Reactor.onShared { () -> [Int] in
      let list = List()
      let queue = SideQueue(name: "order", threads: 1)
      for number in 0..<100 {
        await queue.run {}
        list.numbers.append(number)
      }
      return list.numbers
    }
    #expect(order == Array(0..<100))
  }

  @Test("a reactor of its own runs on the calling thread until it is stopped, and can run again")
  func stops() async {
    // On a side thread: a blocked test thread would be one less for the others.
    let queue = SideQueue(name: "own-reactor", threads: 2)
    let reactor = Reactor()
    for _ in 0..<3 {
      async let running: Void = queue.run { reactor.run() }
      let answer = await Task(executorPreference: reactor) { reactor.isIsolatingCurrentContext() }.value
      #expect(answer == true)
      reactor.stop()
      await running
    }
    #expect(reactor.isIsolatingCurrentContext() == false)
  }

  @Test("a loop with nothing to do does not go round")
  func idle() async {
    let queue = SideQueue(name: "idle-reactor", threads: 1)
    let reactor = Reactor()
    async let running: Void = queue.run { reactor.run() }
    await Task(executorPreference: reactor) {}.value
    let before = reactor.passes
    // Rest is what is tested: a span of time is the subject, not a wait for something.
    usleep(300_000)
    let after = reactor.passes
    reactor.stop()
    await running
    #expect(after - before <= 1)
  }

  @Test("jobs that came from another thread while the loop was busy run in one pass")
  func batches() async {
    let queue = SideQueue(name: "busy-reactor", threads: 1)
    let reactor = Reactor()
    let tasks = (0..<1000).map { number in Task(executorPreference: reactor) { number } }
    async let running: Void = queue.run { reactor.run() }
    for task in tasks { _ = await task.value }
    let passes = reactor.passes
    reactor.stop()
    await running
    #expect(passes < 10)
  }
}

@Loop private final class List {
  var numbers: [Int] = []
}

/// An actor of its own: without the task's preference it would run elsewhere.
private actor Bystander {
  func ask() -> UInt { thread() }
}

private func thread() -> UInt { UInt(pthread_self()) }
private func fromNonisolated() async -> UInt { thread() }
@Loop private func onLoop() async -> UInt { thread() }
