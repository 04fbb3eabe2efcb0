import Configuration
import Confinement
import Logging
import Mail
import Ports
import Reactor

/// Gives up, before any server is talked to, what the configured accounts do not need.
@Loop
final class LeastPrivilege {
  private let paths: Paths
  private let environment: Environment
  private let outer: OuterChannel?
  private let log: Logger
  /// Nil before, and where the kernel cannot do it.
  private(set) var confinement: Confinement?

  init(_ paths: Paths, _ environment: Environment, outer: OuterChannel?, log: Logger) {
    self.paths = paths
    self.environment = environment
    self.outer = outer
    self.log = log
  }

  /// Called once. Where it fails, that is told and all goes on: mail matters more.
  ///
  /// - Parameters:
  ///   - mayMake: whether Maildir roots may be made, as a dry run may not.
  ///   - commands: of our own, besides those that are configured.
  func confine(to accounts: [AccountConfiguration], mayMake: Bool, alsoRunning commands: Set<String> = []) {
    guard let outer else {
      log.info("not confined: this kernel has no Landlock, or there was no room for a second process")
      return
    }
    let plan = ConfinementPlan(paths: paths, environment: environment, accounts: accounts)
    plan.makeOwnDirectories()
    if mayMake { plan.makeRoots() }
    let rules = plan.rules
    outer.seal(rules.commands.union(commands))
    // Through another process's root there is no way for a confined one (ptrace(2), "Ptrace access mode checking").
    if let place = rules.places.first(where: { $0.path.hasPrefix("/proc/") }) {
      log.warning("not confined: \(printable(place.path)) is reached through another process")
      return
    }
    do throws(ConfinementError) {
      let confinement = try Confinement(rules)
      self.confinement = confinement
      let ports = rules.ports.sorted().map { "\($0)" }.joined(separator: ", ")
      log.info("confined to the configured directories and TCP ports \(ports) (Landlock \(confinement.version))")
    } catch {
      log.warning("not confined: \(error.text)")
    }
  }

  /// True where these accounts can be synced as things are.
  func suffices(for accounts: [AccountConfiguration]) -> Bool {
    guard let confinement else { return true }
    return confinement.covers(ConfinementPlan(paths: paths, environment: environment, accounts: accounts).rules)
  }

  /// False where a configured place is another than the one that was granted: a mount, say.
  var isCurrent: Bool { confinement?.isCurrent ?? true }

  /// Once this process has ended well, another begins, which is confined to what is configured then.
  func startAnew() { outer?.startAnew() }
}
