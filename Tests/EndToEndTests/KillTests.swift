import Foundation
import Mail
import Support
import Testing

/// `kill -9` at any moment: what a restart makes of it is what an undisturbed run would have made (law L5).
///
/// The moments are drawn from a seed. `MARTLET_REPETITIONS` asks for more of them, `MARTLET_SEED` for others.
@Suite("martlet killed at any moment", .notAllAtOnce)
struct KillTests {
  enum Victim: CaseIterable { case sync, run }

  private static let environment = ProcessInfo.processInfo.environment
  private static let rounds = environment["MARTLET_REPETITIONS"].flatMap(Int.init) ?? 2
  private static let seed = environment["MARTLET_SEED"].flatMap(UInt64.init) ?? 1

  @Test(
    "loses nothing, doubles nothing, tears nothing and leaves nothing behind (L1, L2, L3, L5)",
    arguments: LivelyAccount.Scene.allCases, Victim.allCases)
  func kill(scene: LivelyAccount.Scene, victim: Victim) async throws {
    try await DovecotServer.running { server in
      for round in 1...Self.rounds {
        let seed = Self.seed &* 1_000_003 &+ UInt64(round)
        var dice = Dice(seed: seed)
        do {
          let account = try await LivelyAccount(server, user: "u\(round)", scene)
          switch victim {
          case .sync: try await killSync(account, &dice)
          case .run: try await killRun(account, &dice)
          }
          try await account.requireLaws()
        } catch {
          throw SupportError("round \(round) of seed \(Self.seed): \(error)\n\(server.log.suffix(2_000))")
        }
      }
    }
  }

  /// Everything has changed already; one pass after another is killed before the last one may end.
  private func killSync(_ account: LivelyAccount, _ dice: inout Dice) async throws {
    for step in account.steps { try await step() }
    for _ in 0...dice.below(2) {
      let pass = try account.launch("sync")
      try await Moment(&dice).await(account, pass)
      pass.signal(SIGKILL)
      _ = try await pass.wait()
    }
  }

  /// Things change while the daemon is at work, and go on changing when it is dead.
  private func killRun(_ account: LivelyAccount, _ dice: inout Dice) async throws {
    let daemon = try account.launch("run")
    if account.scene != .firstSync { _ = try await daemon.line(of: .errors) { $0.contains("watching ") } }
    let last = dice.below(account.steps.count + 1)
    for step in account.steps.prefix(last) { try await step() }
    try await Moment(&dice).await(account, daemon)
    daemon.signal(SIGKILL)
    _ = try await daemon.wait()
    for step in account.steps.dropFirst(last) { try await step() }
    guard dice.below(2) == 0 else { return }
    let again = try account.launch("run")
    _ = try await again.line(of: .errors) { $0.contains("watching ") }
    let ending = await again.stop()
    guard ending == .exited(0) else { throw SupportError("martlet \(ending): \(again.standardErrors)") }
  }
}

/// When a process is killed.
private enum Moment {
  /// After so long, whatever it does.
  case delay(Duration)
  /// When the Maildir shows another number of messages than before, or soon after.
  case maildirChanged(Duration)
  /// When the server shows another number of messages in INBOX.
  case serverChanged(Duration)

  /// Longer than a pass takes.
  private static let patience = Duration.milliseconds(600)

  init(_ dice: inout Dice) {
    let after = Duration.microseconds(dice.below(20_000))
    self =
      switch dice.below(4) {
      case 0: .maildirChanged(after)
      case 1: .serverChanged(after)
      default: .delay(.microseconds(dice.below(400_000)))
      }
  }

  func await(_ account: LivelyAccount, _ process: ChildProcess) async throws {
    let (both, watch) = (account.both, account.both.installation.watch)
    do {
      switch self {
      case .delay(let duration): try await Task.sleep(for: duration)
      case .maildirChanged(let after):
        let before = try await watch.tree().messageCount
        try await watch.wait(within: Self.patience) { !process.isRunning || $0.messageCount != before }
        try await Task.sleep(for: after)
      case .serverChanged(let after):
        let before = try await both.count()
        try await both.client.waitForStatus(within: Self.patience) { !process.isRunning || $0.messages != before }
        try await Task.sleep(for: after)
      }
    } catch is SupportError {
      // Nothing of the kind happens any more: then the process is killed at rest.
    }
  }
}
