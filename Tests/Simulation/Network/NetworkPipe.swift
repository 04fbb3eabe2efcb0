import Ports
import Support

/// One direction of a connection: what was sent, and when each piece of it arrives.
@Loop
final class NetworkPipe {
  enum Item {
    case octets([UInt8])
    /// The sender begins TLS here.
    case handshake
    case end
  }

  private struct Entry {
    let item: Item
    let due: LoopInstant
  }

  /// Nil where its world has been taken down.
  private weak var network: SimulatedNetwork?
  private let clock: any LoopClock
  private var entries: [Entry] = []
  private var head = 0
  private var isPumping = false
  private(set) var isMute = false
  private var isEnded = false
  /// Takes what arrives, in order.
  var deliver: @Loop (Item) -> Void = { _ in }

  init(_ network: SimulatedNetwork) {
    self.network = network
    clock = network.clock
  }

  /// Nothing is lost and nothing overtakes: a piece arrives no sooner than the one before it.
  func send(_ item: Item, after extra: Duration = .zero) {
    guard !isMute, !isEnded, let network else { return }
    switch item {
    case .octets(let octets):
      for piece in pieces(of: octets, network) { queue(.octets(piece), network.delay() + extra) }
    case .handshake: queue(item, network.delay() + extra)
    case .end:
      queue(item, network.delay() + extra)
      isEnded = true
    }
    pumpSoon()
  }

  /// What is on its way is lost from some place on, and then it ends.
  func cut() {
    guard !isMute, !isEnded, let network else { return }
    let waiting = entries.count - head
    entries.removeLast(waiting - network.dice.below(waiting + 1))
    send(.end)
  }

  /// Nothing arrives any more.
  func mute() {
    isMute = true
    entries.removeAll()
    head = 0
  }

  private func queue(_ item: Item, _ delay: Duration) {
    let soonest = clock.now.advanced(by: delay)
    let due = head < entries.count ? max(soonest, entries[entries.count - 1].due) : soonest
    entries.append(Entry(item: item, due: due))
  }

  private func pieces(of octets: [UInt8], _ network: SimulatedNetwork) -> [[UInt8]] {
    let conditions = network.conditions
    if octets.count > conditions.pieceMax {
      return stride(from: 0, to: octets.count, by: conditions.pieceMax).map {
        Array(octets[$0..<min($0 + conditions.pieceMax, octets.count)])
      }
    }
    guard conditions.splitPercent > 0 else { return [octets] }
    var pieces: [[UInt8]] = []
    var rest = octets[...]
    while rest.count > 1, pieces.count < 8, network.dice.happens(conditions.splitPercent) {
      let count = 1 + network.dice.below(rest.count - 1)
      pieces.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    pieces.append(Array(rest))
    return pieces
  }

  private func pumpSoon() {
    guard !isPumping, head < entries.count else { return }
    isPumping = true
    Loop.task { await self.pump() }
  }

  private func pump() async {
    while head < entries.count {
      let entry = entries[head]
      if entry.due > clock.now {
        // Nobody cancels it: a connection that is given up has an emptied pipe.
        do { try await clock.sleep(until: entry.due, tolerance: nil) } catch { break }
        continue
      }
      head += 1
      if head == entries.count {
        entries.removeAll(keepingCapacity: true)
        head = 0
      }
      deliver(entry.item)
    }
    isPumping = false
  }
}
