import Glibc
import Ports
import Reactor
import Testing

@Suite struct ClockTests {
  let clock = ReactorClock(Reactor.startShared())

  @Test("a sleep ends at its deadline, not before, on the loop's thread")
  func sleeps() async throws {
    let clock = clock
    let (early, sameThread) = try await Reactor.onShared { () -> (Bool, Bool) in
      let thread = pthread_self()
      var early = false
      for milliseconds in [1, 2, 3, 7, 12] {
        let deadline = clock.now.advanced(by: .milliseconds(milliseconds))
        try await clock.sleep(until: deadline)
        early = early || clock.now < deadline
      }
      return (early, pthread_self() == thread)
    }
    #expect(!early)
    #expect(sameThread)
  }

  @Test("many sleepers wake in the order of their deadlines")
  func order() async throws {
    let clock = clock
    let order = try await Reactor.onShared { () -> [Int] in
      // Other suites share the loop: who goes to sleep after the deadline does not count, and all are tried farther off.
      var distance = Duration.milliseconds(50)
      while true {
        let (list, start) = (Record(), clock.now)
        let tasks = [5, 1, 4, 2, 3].map { number in
          Loop.task {
            list.isLate = list.isLate || start.duration(to: clock.now) >= distance
            let deadline = start.advanced(by: distance + .milliseconds(20 * number))
            if await didSleep(clock, until: deadline) { list.numbers.append(number) }
          }
        }
        for task in tasks { await task.value }
        if !list.isLate { return list.numbers }
        distance *= 2
      }
    }
    #expect(order == [1, 2, 3, 4, 5])
  }

  @Test("a cancelled sleep ends at once", arguments: [true, false])
  func cancelled(beforeStart: Bool) async throws {
    let clock = clock
    // Others have the loop too, and for seconds: but nobody waits for the sleep's end.
    let length = Duration.seconds(600)
    let (slept, quick) = try await Reactor.onShared { () -> (Bool, Bool) in
      let start = clock.now
      let task = Loop.task { await didSleep(clock, until: start.advanced(by: length)) }
      if !beforeStart { for _ in 0..<5 { await Task.yield() } }
      task.cancel()
      let slept = await task.value
      return (slept, start.duration(to: clock.now) < length)
    }
    #expect(!slept)
    #expect(quick)
  }

  @Test("a timer started anew fires once, at the later time; a cancelled one never")
  func timer() async throws {
    let clock = clock
    try await Reactor.onShared {
      let record = Record()
      let moved = LoopTimer(Reactor.startShared()) { record.numbers.append(1) }
      let cancelled = LoopTimer(Reactor.startShared()) { record.numbers.append(2) }
      moved.start(after: .zero)
      cancelled.start(after: .zero)
      moved.start(after: .seconds(3600))
      cancelled.cancel()
      try await clock.sleep(for: .milliseconds(10))
      #expect(record.numbers == [])
      #expect(moved.isRunning)
      moved.start(after: .milliseconds(1))
      while record.numbers.isEmpty { try await clock.sleep(for: .milliseconds(1)) }
      try await clock.sleep(for: .milliseconds(10))
      #expect(record.numbers == [1])
      #expect(!moved.isRunning)
    }
  }

  @Test("a jump between the clocks is told as suspend; a small difference is not")
  func suspend() async throws {
    try await Reactor.onShared {
      let record = Record()
      let machine = Machine()
      let monitor = SuspendMonitor(Reactor.startShared(), suspendedTime: { machine.slept }) { slept in
        record.numbers.append(Int(slept.components.seconds))
      }
      monitor.check()
      machine.slept += .milliseconds(30)
      monitor.check()
      #expect(record.numbers == [])
      machine.slept += .seconds(3600)
      monitor.check()
      monitor.check()
      #expect(record.numbers == [3600])
    }
  }
}

@Loop private final class Record {
  var numbers: [Int] = []
  var isLate = false
}

@Loop private final class Machine {
  var slept = Duration.zero
}

@Loop private func didSleep(_ clock: ReactorClock, until deadline: LoopInstant) async -> Bool {
  do {
    try await clock.sleep(until: deadline)
    return true
  } catch {
    return false
  }
}
