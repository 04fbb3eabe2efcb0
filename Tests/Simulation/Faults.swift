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
  /// Steps that fail while the process lives on, by their names: a server that refuses, before what it was asked for or
  /// after it.
  package var refused: Set<String> = []
  /// What happens besides when a step is about to be taken.
  package var onStep: (@Loop (String) -> Void)?

  package init() {}

  package func revive() {
    isDead = false
    deadline = nil
  }

  /// A step without an effect on the world.
  package func step(_ name: String) throws(StoreError) {
    onStep?(name)
    if !isDead {
      steps += 1
      log.append(name)
      isDead = steps == deadline
    }
    if isDead { throw StoreError(.account, .unavailable, "the world ended at step \(steps): \(name)") }
    if refused.contains(name) { throw StoreError(.folder, .unavailable, "\(name): try again later") }
  }

  /// A step that changes the world: two places to die, before it and right after.
  package func effect(_ name: String, _ body: () -> Void) throws(StoreError) {
    try step("before \(name)")
    body()
    try step("after \(name)")
  }
}
