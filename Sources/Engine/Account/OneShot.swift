package import Mail
package import Ports
import Reconciliation

/// `martlet sync` without a daemon: opens, makes one full pass, closes.
@Loop
package struct OneShot {
  private let context: AccountContext

  package init(context: AccountContext) { self.context = context }

  package func run(_ options: PassOptions, names: Set<FolderName>?) async throws(StoreError) -> FullPassAnswer {
    do {
      context.tell(.phaseChanged(.connecting))
      try await context.open(onlyToLook: options.isDryRun)
      context.tell(.phaseChanged(.syncing))
      let outcome = try await FullPass(context: context, options: options, names: names).run()
      await context.close()
      return FullPassAnswer(outcome)
    } catch {
      await context.close()
      throw error
    }
  }
}
