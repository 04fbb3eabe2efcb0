package import Ports

/// Counts the world's steps and ends it at one of them: before an effect, or after it with the answer lost. From then on
/// every step fails, until `revive()`: the process is dead.
@Loop
package final class Faults {
  package private(set) var steps = 0
  package private(set) var log: [String] = []
  /// The step at which the world ends; nil for never.
  package var deadline: Int?
  private var isDead = false

  package init() {}

  package func revive() {
    isDead = false
    deadline = nil
  }

  /// A step without an effect on the world.
  package func step(_ name: String) throws(StoreError) {
    if !isDead {
      steps += 1
      log.append(name)
      isDead = steps == deadline
    }
    if isDead { throw StoreError(.account, .unavailable, "the world ended at step \(steps): \(name)") }
  }

  /// A step that changes the world: two places to die, before it and right after.
  package func effect(_ name: String, _ body: () -> Void) throws(StoreError) {
    try step("before \(name)")
    body()
    try step("after \(name)")
  }
}
