import Engine
import Ports
import Simulation

/// Runs the account until the body is done.
@Loop
func whileRunning(
  _ account: SimulatedAccount, _ body: @Loop (AccountRunner) async throws -> Void
) async throws {
  let runner = AccountRunner(context: account.context())
  let task = Loop.task { await runner.run() }
  await account.recorder.wait { account.recorder.events.contains(.phaseChanged(.watching)) }
  do {
    try await body(runner)
  } catch {
    task.cancel()
    await task.value
    throw error
  }
  task.cancel()
  await task.value
}
