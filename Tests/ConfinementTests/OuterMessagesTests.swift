import CLinux
import Glibc
import Ports
import Reactor
import Support
import Testing

@testable import Confinement

@Suite("What the two processes say to one another") struct OuterMessagesTests {
  static let everyRequest: [InnerRequest] = [
    .allow(command: "pass show mail/\u{e4}"), .seal, .start(id: 7, command: 0xFFFF_FFFE, ends: [.input, .error]),
    .release(id: 1 << 31, .kill), .release(id: 0, .leaveOthers), .notify(.ready),
    .notify(.reloading), .notify(.stopping), .notify(.watchdog), .notify(.status("fine")), .startAnew,
  ]
  static let everyNews: [OuterNews] = [
    .signal(15), .ended(id: 3, .exited(255)), .ended(id: 4, .killed(signal: 9)), .ended(id: 5, .notStarted(12)),
  ]

  @Test("a request comes over as it was", arguments: everyRequest)
  func request(request: InnerRequest) { #expect(InnerRequest(packet: request.packet) == request) }

  @Test("news come over as they were", arguments: everyNews)
  func news(news: OuterNews) { #expect(OuterNews(packet: news.packet) == news) }

  @Test("a packet of the greatest length comes over whole, and a longer one not at all", arguments: [-1, 0, 1])
  func length(beyond: Int) throws {
    var ends: [Int32] = [-1, -1]
    #expect(unsafe clinux_packet_pair(&ends) == 0)
    guard let one = PacketSocket(owning: ends[0]), let other = PacketSocket(owning: ends[1]) else {
      throw SupportError("no sockets")
    }
    let packet = [UInt8](repeating: 7, count: PacketSocket.lengthMax + beyond)
    #expect(one.send(packet) == (beyond <= 0))
    switch other.receive() {
    case .packet(let received): #expect(received.bytes == packet)
    case .nothing: #expect(beyond > 0)
    case .unreadable, .gone: Issue.record("the other end is there, and cuts nothing")
    }
  }

  @Test(
    "what is cut short, or is none, is taken for nothing", arguments: [[], [0], [UInt8(ascii: "c"), 1, 2], [255, 0]])
  func damaged(packet: [UInt8]) {
    #expect(InnerRequest(packet: packet) == nil)
    #expect(OuterNews(packet: packet) == nil)
  }

  @Test(
    "the service manager hears only words of martlet's, whatever the inner process says",
    arguments: [
      "MAINPID=1", "rMAINPID=1", "STATUS=x\nFDSTORE=1", "tfine\nMAINPID=1\r\nFDSTORE=1\u{2028}\u{85}X",
      "l1\nFDSTORE=1",
    ])
  func words(said: String) {
    guard case .notify(let state) = InnerRequest(packet: Array("n\(said)".utf8)) else { return }
    for line in state.message().split(whereSeparator: \.isNewline) {
      let word = line.prefix { $0 != "=" }
      #expect(["READY", "STATUS", "RELOADING", "MONOTONIC_USEC"].contains(word), "\(line)")
    }
  }

  @Test(
    "the status line waits for no outer process that reads nothing, as one that was stopped", .timeLimit(.minutes(1)))
  func stoppedOuterProcess() async throws {
    var ends: [Int32] = [-1, -1]
    #expect(unsafe clinux_packet_pair(&ends) == 0)
    let (outer, inner) = (ends[0], ends[1])
    try await Reactor.onShared {
      let channel = OuterChannel(Reactor.startShared(), OuterLink(socket: inner, outerProcess: getpid()))
      for number in 0..<10_000 { channel.notify(.status("\(number)"), waits: false) }
    }
    close(outer)
  }
}
