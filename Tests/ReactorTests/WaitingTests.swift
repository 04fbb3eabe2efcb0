import CLinux
import Glibc
import Ports
import Reactor
import Testing

@Suite struct WaitingTests {
  @Test("a value given while a task waits is handed to it; one given to nobody is dropped")
  func handsOver() async throws {
    let answers = try await Reactor.onShared { () -> [String] in
      let place = WaitingPlace<String>()
      var answers = ["\(place.resume(returning: "lost"))"]
      let waiter = Loop.task { await place.wait() }
      while !place.isOccupied { await Task.yield() }
      answers.append("\(place.resume(returning: "found"))")
      answers.append("\(place.resume(returning: "late"))")
      answers.append(await waiter.value ?? "nil")
      return answers
    }
    #expect(answers == ["false", "true", "false", "found"])
  }

  @Test("cancelled before, while and after waiting: nil, nil, and the next who waits is not hit")
  func cancellation() async throws {
    let answers = try await Reactor.onShared { () -> [Int?] in
      let place = WaitingPlace<Int>()
      let before = Loop.task { () -> Int? in
        while !Task.isCancelled { await Task.yield() }
        return await place.wait()
      }
      before.cancel()
      let first = await before.value
      let during = Loop.task { await place.wait() }
      while !place.isOccupied { await Task.yield() }
      during.cancel()
      let second = await during.value
      let third = Loop.task { await place.wait() }
      while !place.isOccupied { await Task.yield() }
      before.cancel()
      during.cancel()
      for _ in 0..<10 { await Task.yield() }
      place.resume(returning: 3)
      return [first, second, await third.value]
    }
    #expect(answers == [nil, nil, 3])
  }

  @Test("a watch for quiet tells of a loop that is never at rest, too, and of the rest that follows")
  func neverAtRest() async throws {
    try await Reactor.onShared {
      let rest = WaitingPlace<Void>()
      let busy = Counter()
      // What comes back from another thread is something to do each time.
      let elsewhere = SideQueue(name: "busy", threads: 1)
      let watch = QuietWatch(Reactor.startShared(), after: .milliseconds(5), busyAfter: 3) {
        rest.resume(returning: ())
      } onBusy: {
        busy.value += 1
      }
      while busy.value < 2 { await elsewhere.run {} }
      _ = await rest.wait()
      withExtendedLifetime(watch) {}
    }
  }

  @Test("a readiness watch tells while there is something to read, and no more once it is stopped")
  func readiness() async throws {
    try await Reactor.onShared {
      guard let counted = FileDescriptor(owning: clinux_eventfd()) else { throw NoDescriptor() }
      let place = WaitingPlace<Void>()
      let counter = Counter()
      let watch = ReadinessWatch(Reactor.startShared(), descriptor: counted.number, for: .readable) { conditions in
        counter.value += conditions.contains(.readable) ? 1 : 0
        place.resume(returning: ())
      }
      watch.start()
      add(1, to: counted.number)
      _ = await place.wait()
      _ = await place.wait()
      watch.stop()
      let told = counter.value
      for _ in 0..<20 { await Task.yield() }
      #expect(told >= 2)
      #expect(counter.value == told)
    }
  }

  @Test("an edge watch tells once for one change")
  func edge() async throws {
    try await Reactor.onShared {
      guard let counted = FileDescriptor(owning: clinux_eventfd()) else { throw NoDescriptor() }
      let counter = Counter()
      let watch = ReadinessWatch(Reactor.startShared(), descriptor: counted.number, for: [.readable, .edge]) { _ in
        counter.value += 1
      }
      watch.start()
      add(1, to: counted.number)
      for _ in 0..<20 { await Task.yield() }
      #expect(counter.value == 1)
      watch.stop()
    }
  }

  @Test("a watched signal arrives on the loop", arguments: [SignalWatch.Signal.user1, .hangUp])
  func signals(_ signal: SignalWatch.Signal) async throws {
    try await Reactor.onShared {
      let place = WaitingPlace<Void>()
      let watch = SignalWatch(Reactor.startShared(), signal) { place.resume(returning: ()) }
      let waiter = Loop.task { await place.wait() }
      while !place.isOccupied { await Task.yield() }
      kill(getpid(), signal.rawValue)
      let told: Void? = await waiter.value
      #expect(told != nil)
      withExtendedLifetime(watch) {}
    }
  }
}

@Loop private final class Counter {
  var value = 0
}

private struct NoDescriptor: Error {}

private func add(_ count: UInt64, to eventDescriptor: Int32) {
  let written = unsafe withUnsafeBytes(of: count) { unsafe write(eventDescriptor, $0.baseAddress, $0.count) }
  #expect(written == 8)
}
