import Control
import Engine
import Logging
import Mail
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import martlet

@Suite("The reason why folders are polled")
struct UnwatchedTests {
  @Test("is logged once")
  func log() async throws {
    try await Reactor.onShared {
      let handler = RecordingLog()
      let reporter = AccountReporter(.daemon, log: Logger(label: "test") { _ in handler }, clock: SimulatedClock())
      for _ in 1...2 {
        reporter.account("work", .unwatched(.near, folders: 2, reason: "max_user_watches is reached"))
      }
      #expect(handler.lines() == ["local: 2 folders cannot be watched, only polled: max_user_watches is reached"])
    }
  }

  @Test("is not all that is logged once: so is that a folder's letters for keywords are used up")
  func usedUpLetters() async throws {
    try await Reactor.onShared {
      let handler = RecordingLog()
      let reporter = AccountReporter(.daemon, log: Logger(label: "test") { _ in handler }, clock: SimulatedClock())
      for _ in 1...2 { reporter.tellLettersUsedUp(in: .inbox) }
      #expect(
        handler.lines() == [
          "INBOX: all 26 letters for keywords are used up; further keywords stay on the server only"
        ])
    }
  }

  @Test("is in the status, once for all folders of the same reason")
  func status() throws {
    let folders = ["INBOX", "A"].map {
      FolderStatus(
        name: $0, localName: $0, localWatch: "poll", localWatchFailure: "max_user_watches is reached", messages: 1)
    }
    let account = AccountStatus(name: "work", local: "~/Mail", remote: "host", state: .watching, folders: folders)
    let text = StatusText.of(StatusReport(daemon: nil, accounts: [account]))
    #expect(text.split(separator: "\n").contains("  local: 2 folders polled: max_user_watches is reached"))
    let json = try ControlWire.printed(StatusReport(daemon: nil, accounts: [account]))
    #expect(json.contains(#""local_watch_failure""#))
  }
}
