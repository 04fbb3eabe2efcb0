import Ports
import Reactor
import Testing

@testable import Transport

@Suite struct RouteStateTests {
  @Test("a new address is news once, however often it is announced; its end is news too")
  func addresses() {
    var state = RouteState()
    #expect(state.handle(address(20, link: 2, [192, 0, 2, 1])).isChanged)
    #expect(!state.handle(address(20, link: 2, [192, 0, 2, 1])).isChanged)
    #expect(state.handle(address(20, link: 3, [192, 0, 2, 1])).isChanged)
    #expect(state.handle(address(21, link: 2, [192, 0, 2, 1])).isChanged)
    #expect(!state.handle(address(21, link: 2, [192, 0, 2, 1])).isChanged)
  }

  @Test("an address counts when it is no longer tentative")
  func tentative() {
    var state = RouteState()
    #expect(!state.handle(address(20, link: 2, Array(0..<16), flags: 0x40)).isChanged)
    #expect(state.handle(address(20, link: 2, Array(0..<16))).isChanged)
  }

  @Test("a link is news when it comes up or goes down, not when it is only mentioned")
  func links() {
    var state = RouteState()
    #expect(!state.handle(link(16, index: 2, flags: 0)).isChanged)
    #expect(state.handle(link(16, index: 2, flags: 0x41)).isChanged)
    #expect(!state.handle(link(16, index: 2, flags: 0x1041)).isChanged)
    #expect(state.handle(link(16, index: 2, flags: 0x1)).isChanged)
    #expect(!state.handle(link(17, index: 2, flags: 0)).isChanged)
  }

  @Test("loopback is never news")
  func loopback() {
    var state = RouteState()
    #expect(!state.handle(link(16, index: 1, flags: 0x41)).isChanged)
    #expect(!state.handle(address(20, link: 1, [127, 0, 0, 2])).isChanged)
  }

  @Test("answers to our question teach and are not news")
  func learning() {
    var state = RouteState()
    let answer = link(16, index: 2, flags: 0x41, sequence: 1) + message(3, sequence: 1, [0, 0, 0, 0])
    #expect(state.handle(answer) == RouteState.Outcome(isChanged: false, isDumpFinished: true))
    #expect(!state.handle(link(16, index: 2, flags: 0x41)).isChanged)
  }

  @Test("what is cut off or has impossible lengths is ignored")
  func malformed() {
    let whole = address(20, link: 2, [192, 0, 2, 1])
    for count in 0..<whole.count {
      var state = RouteState()
      #expect(!state.handle(Array(whole[..<count])).isChanged)
    }
    for length in [0, 3, 15, 200] as [UInt8] {
      var state = RouteState()
      #expect(!state.handle([length] + whole.dropFirst()).isChanged)
      _ = state.handle(whole[..<24] + [length] + whole[25...])
    }
  }

  @Test("a monitor that hears of nothing new does not call")
  func quiet() async throws {
    try await Reactor.onShared {
      let reactor = Reactor.startShared()
      let place = WaitingPlace<Bool>()
      let monitor = NetworkMonitor(reactor, folding: .zero) { place.resume(returning: true) }
      let timer = LoopTimer(reactor) { place.resume(returning: false) }
      timer.start(after: .milliseconds(50))
      #expect(await place.wait() == false)
      withExtendedLifetime(monitor) {}
    }
  }
}

private func message(_ type: UInt16, sequence: UInt32, _ payload: [UInt8]) -> [UInt8] {
  let size = 16 + payload.count
  return bytes(UInt32(size)) + bytes(type) + bytes(UInt16(0)) + bytes(sequence) + bytes(UInt32(0)) + payload
    + [UInt8](repeating: 0, count: (4 - size % 4) % 4)
}

private func link(_ type: UInt16, index: Int32, flags: UInt32, sequence: UInt32 = 0) -> [UInt8] {
  message(type, sequence: sequence, [0, 0, 0, 0] + bytes(index) + bytes(flags) + bytes(UInt32(0)))
}

private func address(_ type: UInt16, link: Int32, _ address: [UInt8], flags: UInt8 = 0) -> [UInt8] {
  let attribute = bytes(UInt16(4 + address.count)) + bytes(UInt16(1)) + address
  return message(type, sequence: 0, [2, 24, flags, 0] + bytes(link) + attribute)
}

private func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
}
