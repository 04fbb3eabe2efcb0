package import Engine
import Mail
package import Ports
import Reconciliation

/// Two simulated stores and their ledger, with an engine that can be started, killed and started again.
@Loop
package final class SimulatedAccount {
  package let faults = Faults()
  /// Waits of up to ten minutes pass at once; only what is to be waited for by the quarter of an hour stays.
  package let clock = SimulatedClock(jump: .seconds(600))
  package let near: SimulatedStore
  package let far: SimulatedStore
  package private(set) var ledger: SimulatedLedger
  package let recorder = Recorder()
  /// As the configuration has it; read at each start.
  package var mapping = FolderMapping.identity
  package var deletionRules = DeletionRules()

  package init(near: SimulatedStore.Kind = .maildir, far: SimulatedStore.Kind = .server) {
    self.near = SimulatedStore(near, title: "near", faults: faults)
    self.far = SimulatedStore(far, title: "far", faults: faults)
    ledger = SimulatedLedger(faults: faults)
  }

  /// What a process start makes: nothing of it survives the process.
  package func context() -> AccountContext {
    AccountContext(
      name: "simulated", stores: Sides(near: near, far: far), ledger: ledger, clock: clock, mapping: mapping,
      deletionRules: deletionRules, observer: recorder)
  }

  /// One `martlet sync` by a new process.
  @discardableResult
  package func sync(_ options: PassOptions = PassOptions()) async throws(StoreError) -> PassReport {
    try await OneShot(context: context()).run(options, names: nil).report
  }

  /// The state directory is gone.
  package func loseLedger() { ledger = SimulatedLedger(faults: faults) }
}
