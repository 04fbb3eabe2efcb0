import Mail
import Ports
import Reactor

/// Host names to addresses, off the loop: `getaddrinfo` blocks for as long as a name server is silent.
@Loop
final class Resolver {
  typealias LookUp = @Sendable (_ host: String, _ port: UInt16) throws(StreamError) -> [SocketAddress]

  private let reactor: Reactor
  private let deadline: Duration
  private let lookUp: LookUp
  private let queue = SideQueue(name: "martlet-resolve", threads: 4)

  init(_ reactor: Reactor, deadline: Duration, lookUp: @escaping LookUp = Resolver.system) {
    self.reactor = reactor
    self.deadline = deadline
    self.lookUp = lookUp
  }

  /// At least one address.
  func addresses(of host: String, port: UInt16) async throws(StreamError) -> [SocketAddress] {
    let found =
      if SocketAddress.isLiteral(host) {
        try SocketAddress.lookUp(host, port: port, isLiteral: true)
      } else {
        try await ask(for: host, port: port)
      }
    guard !found.isEmpty else { throw StreamError(.unreachable, "the name has no address") }
    return found
  }

  /// Waits no longer than the deadline; the thread that asks goes on until the system gives up, and nobody hears it.
  private func ask(for host: String, port: UInt16) async throws(StreamError) -> [SocketAddress] {
    let place = WaitingPlace<Result<[SocketAddress], StreamError>>()
    let (queue, lookUp) = (queue, lookUp)
    Loop.task {
      let answer = await queue.run { Result { () throws(StreamError) in try lookUp(host, port) } }
      place.resume(returning: answer)
    }
    let deadline = deadline
    let timer = LoopTimer(reactor) {
      place.resume(
        returning: .failure(StreamError(.timedOut, "the name was not resolved within \(deadline)")))
    }
    timer.start(after: deadline)
    let answer = await place.wait()
    timer.cancel()
    guard let answer else { throw StreamError(.cancelled, "resolving the name was cancelled") }
    return try answer.get()
  }

  nonisolated static let system: LookUp = { host, port throws(StreamError) in
    try SocketAddress.lookUp(host, port: port, isLiteral: false)
  }
}
