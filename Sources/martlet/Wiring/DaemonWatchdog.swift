import Control
import Ports

/// Looks, while a sync of the daemon's is waited for, whether the daemon lives: a pass may be long and say nothing for a
/// while, but whoever makes it answers others meanwhile.
@Loop
final class DaemonWatchdog {
  private static let interval: Duration = .seconds(10)

  private let program: ProgramContext
  private var isHeard = false
  /// Why nothing more is to be expected; nil while there is no reason to think so.
  private(set) var failure: String?

  init(_ program: ProgramContext) { self.program = program }

  func hasHeard() { isHeard = true }

  /// Until cancelled, or until the daemon was silent.
  func run(onSilence: @Loop () -> Void) async {
    while await program.clock.passes(Self.interval) {
      if isHeard {
        isHeard = false
      } else if let reason = await silence() {
        guard !Task.isCancelled else { return }
        failure = reason
        return onSilence()
      }
    }
  }

  /// Nil where it answers, or is gone, which the waiting caller sees by itself.
  private func silence() async -> String? {
    guard let client = DaemonConnection.open(program) else { return nil }
    defer { client.close() }
    do throws(ControlError) {
      _ = try await client.status()
      return nil
    } catch {
      return error.kind == .silent ? error.text : nil
    }
  }
}
