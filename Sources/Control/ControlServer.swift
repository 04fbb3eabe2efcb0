package import Ports

/// What the daemon does for its callers.
@Loop
package protocol ControlService: AnyObject, Sendable {
  /// A pass; `tell` hears how far it is, as often as there is something new.
  func sync(_ request: SyncRequest, tell: @escaping @Loop (SyncProgress) -> Void) async -> Result<SyncReport, Refusal>
  func status() -> StatusReport
  /// Returns when the status may be another than at the last call, or when cancelled.
  func statusChange(since generation: Int) async -> Int
}

extension Refusal: Error {}

/// Takes callers on the control socket and serves them, each on its own.
@Loop
package final class ControlServer {
  /// Callers at once; one more is told so and sent away.
  package static let callersMax = 32
  /// How long a caller may take to say what it wants.
  package static let requestDeadline: Duration = .seconds(10)
  /// Progress is told no more often than this.
  package static let progressInterval: Duration = .milliseconds(100)
  /// The same for changes of status, which costs a look into the ledgers.
  package static let statusInterval: Duration = .milliseconds(500)

  private let listener: any LocalListener
  private let service: any ControlService
  private let clock: any LoopClock
  private let requestDeadline: Duration
  private var callers = 0

  package init(
    _ listener: any LocalListener, _ service: any ControlService, clock: any LoopClock,
    requestDeadline: Duration = ControlServer.requestDeadline
  ) {
    self.requestDeadline = requestDeadline
    self.listener = listener
    self.service = service
    self.clock = clock
  }

  /// Serves until cancelled; then the socket is gone.
  package func run() async {
    await withDiscardingTaskGroup { group in
      do throws(CancellationError) {
        while true {
          let stream = try await listener.accept()
          group.addTask { await self.receive(stream) }
        }
      } catch {
        listener.close()
        group.cancelAll()
      }
    }
  }

  private func receive(_ stream: any ByteStream) async {
    callers += 1
    defer { callers -= 1 }
    let caller = ControlCaller(stream, service, clock: clock, requestDeadline: requestDeadline)
    await withTaskCancellationHandler {
      if callers > Self.callersMax {
        await caller.refuse(Refusal(exitCode: 75, text: "martlet has too many callers at the moment; try again"))
      } else {
        await caller.serve()
      }
    } onCancel: {
      Loop.task { stream.close() }
    }
    stream.close()
  }
}
