import Control
import Ports
import Reactor

/// A daemon's service for tests: answers what it was told to, and notes what it was asked.
@Loop
final class RecordingService: ControlService {
  var answer: Result<SyncReport, Refusal> = .success(Sample.report())
  var progress: [SyncProgress] = []
  private(set) var requests: [SyncRequest] = []
  /// Resumed when a sync has been asked for.
  let requested = WaitingPlace<Void>()
  private let watcherWaits = WaitingPlace<Void>()
  private let watcherGone = WaitingPlace<Void>()
  private var hasWatcherGone = false
  var current = Sample.status
  private var generation = 1
  private let change = WaitingPlace<Void>()
  /// A sync ends when this does, if there is one.
  var holding: WaitingPlace<Void>?

  func sync(_ request: SyncRequest, tell: @escaping @Loop (SyncProgress) -> Void) async -> Result<SyncReport, Refusal> {
    requests.append(request)
    requested.resume(returning: ())
    for step in progress { tell(step) }
    if let holding { _ = await holding.wait() }
    return answer
  }

  func status() -> StatusReport { current }

  func statusChange(since known: Int) async -> Int {
    guard known == generation else { return generation }
    watcherWaits.resume(returning: ())
    if await change.wait() == nil {
      hasWatcherGone = true
      watcherGone.resume(returning: ())
    }
    return generation
  }

  /// Returns when a watcher waits for a change.
  func watcherIsWaiting() async { while !change.isOccupied { _ = await watcherWaits.wait() } }

  /// Returns when a watcher has gone that waited for a change.
  func watcherIsGone() async { while !hasWatcherGone { _ = await watcherGone.wait() } }

  func setStatus(_ status: StatusReport) {
    current = status
    generation += 1
    change.resume(returning: ())
  }
}
