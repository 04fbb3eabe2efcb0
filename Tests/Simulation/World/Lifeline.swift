package import Ports

/// The life of one simulated process: counts its effects on the world, and ends it at one of them.
///
/// Disk, network and ledger ask it before each effect. From the death on nothing takes place any more: the engine's
/// code runs on as it will, and the world does not notice. A restart is a new lifeline.
@Loop
package final class Lifeline {
  /// Effects asked for so far, the one that was fatal included.
  package private(set) var steps = 0
  /// Ends the process in the place of this effect, counted from 1; nil for never.
  package private(set) var deathStep: Int?
  /// What the effects were, where it was asked for.
  package private(set) var names: [String] = []
  package private(set) var isDead = false
  private let keepsNames: Bool
  private var mourners: [@Loop () -> Void] = []

  package init(deathStep: Int? = nil, keepsNames: Bool = false) {
    self.deathStep = deathStep
    self.keepsNames = keepsNames
  }

  /// False where the process is dead, or dies now: then the effect must not take place.
  package func mayAct(_ name: @autoclosure () -> String) -> Bool {
    if isDead { return false }
    steps += 1
    if keepsNames { names.append(name()) }
    if steps == deathStep { end() }
    return !isDead
  }

  /// Ends the process in the place of one of its next effects; 1 is the very next.
  package func die(atEffect count: Int) { deathStep = steps + count }

  /// It does not die at an effect any more.
  package func reprieve() { if !isDead { deathStep = nil } }

  /// Kills the process between two effects.
  package func end() {
    guard !isDead else { return }
    isDead = true
    let mourners = mourners
    self.mourners = []
    for mourner in mourners { mourner() }
  }

  /// What the kernel does when the process ends: closes its sockets, forgets its watches.
  package func whenDead(_ body: @escaping @Loop () -> Void) {
    if isDead { body() } else { mourners.append(body) }
  }
}
