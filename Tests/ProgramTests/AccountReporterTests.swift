import Engine
import Logging
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import martlet

@Suite("What the daemon logs of an account")
struct AccountReporterTests {
  private let folders = ["A", "B", "C"].compactMap { FolderName($0) }

  @Test("is the sum of all that was done while a full pass ran, also what events were ahead of it with")
  func sum() async throws {
    try await Reactor.onShared {
      let handler = RecordingLog()
      let reporter = Self.reporter(handler)
      reporter.account("work", .passStarted(folders: 3))
      for folder in folders { reporter.account("work", .folderSynced(folder, Self.delivered(500))) }
      // The full pass itself came first to one of them.
      reporter.account("work", .passFinished(Self.delivered(500)))
      #expect(handler.lines(from: .notice) == ["local: 1500 new"])
      // Of what follows, each pass counts for itself.
      reporter.account("work", .passStarted(folders: 3))
      reporter.account("work", .passFinished(Self.delivered(2)))
      #expect(handler.lines(from: .notice).last == "local: 2 new")
    }
  }

  @Loop private static func reporter(_ handler: RecordingLog) -> AccountReporter {
    AccountReporter(.daemon, log: Logger(label: "test") { _ in handler }, clock: SimulatedClock())
  }

  private static func delivered(_ count: Int) -> PassReport {
    var report = PassReport()
    report.counts.near.delivered = count
    return report
  }
}
