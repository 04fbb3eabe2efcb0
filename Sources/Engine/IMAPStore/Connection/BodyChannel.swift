import IMAP
import Mail
import Ports

/// What a FETCH of bodies brings, from the connection's reader to the one who reads messages, in order. The reader
/// waits while the other has not taken what came, so that a message is never whole in memory.
@Loop
final class BodyChannel {
  enum Event {
    case began(BodyStart)
    case octets([UInt8])
    case ended
    /// The FETCH response that the body belonged to, or one that says there is none.
    case fetched(FetchResponse)
    /// A response that makes the body before it void.
    case voided
    case completed(CommandID, Completion)
  }

  /// Pieces of up to 64 KiB that may wait: enough for the reader and the disk to work at the same time.
  static let capacity = 4

  private var events: [Event] = []
  private var failure: StoreError?
  private var space = Pledge<Void>()
  private var arrival = Pledge<Void>()

  /// The reader's side. Returns when there is room again.
  func put(_ event: Event) async {
    guard failure == nil else { return }
    events.append(event)
    arrival.settle(())
    while events.count > Self.capacity, failure == nil {
      let space = Pledge<Void>()
      self.space = space
      do { try await space.wait() } catch { return }
    }
  }

  func take() async throws(StoreError) -> Event {
    while events.isEmpty {
      if let failure { throw failure }
      let arrival = Pledge<Void>()
      self.arrival = arrival
      try await arrival.wait()
    }
    let event = events.removeFirst()
    if events.count <= Self.capacity { space.settle(()) }
    return event
  }

  /// What still comes is read from the wire and dropped; whoever waits for it waits in vain.
  func discard() {
    events.removeAll()
    fail(.cancelled)
  }

  func fail(_ error: StoreError) {
    failure = failure ?? error
    arrival.settle(())
    space.settle(())
  }
}
