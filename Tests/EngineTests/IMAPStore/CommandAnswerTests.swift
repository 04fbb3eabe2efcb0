import IMAP
import Ports
import Reactor
import Testing

@testable import Engine

@Suite("The answer to a command")
struct CommandAnswerTests {
  /// Listens to an answer that it holds, as a listing of folders does.
  @Loop
  private final class Listener {
    var answer: CommandAnswer?

    init() {
      answer = CommandAnswer(
        CommandID(rawValue: 1), command: .noop, collect: { [self] _ in answer == nil }, upload: nil)
    }
  }

  @Test("lets go of who listened to it, so that a server cannot fill the memory by being asked (law L12)")
  func release() async throws {
    try await Reactor.onShared {
      weak var listener: Listener?
      do {
        let here = Listener()
        listener = here
        here.answer?.settle(.failure(StoreError(.account, .unavailable, "the connection broke")))
      }
      #expect(listener == nil)
    }
  }
}
