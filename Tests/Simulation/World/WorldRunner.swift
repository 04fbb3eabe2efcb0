import Glibc
import Ports
import Support

/// Plays stories one after another, on the thread that calls it.
package final class WorldRunner {
  private let loop: WorldLoop
  private let directory: String
  private var worlds = 0

  /// Binds the process's loop: a process that simulates does nothing else.
  package init() throws {
    loop = WorldLoop()
    Loop.bind(loop)
    let memory = "/dev/shm"
    let parent = unsafe access(memory, W_OK) == 0 ? memory : "/tmp"
    directory = "\(parent)/martlet-simulate.\(getpid())"
    guard unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST else {
      throw SimulationError("cannot make \(directory)")
    }
  }

  /// Removes what playing needed.
  package func close() { _ = unsafe rmdir(directory) }

  package func play(_ story: Story, keepsLines: Bool = false) -> World.Outcome {
    worlds += 1
    let path = "\(directory)/\(worlds)"
    let outcome = Box<World.Outcome>()
    loop.run { [loop] in
      do {
        let world = try World(story, on: loop, stateDirectory: path, keepsLines: keepsLines)
        outcome.value = await world.play()
      } catch {
        outcome.value = World.Outcome(failed: "the world could not be made: \(error)")
      }
    }
    guard let value = outcome.value else { preconditionFailure("a world that has ended has an outcome") }
    return value
  }

  /// Runs anything else on the loop.
  func run(_ body: @escaping @Loop @Sendable (WorldLoop, String) async -> Void) {
    worlds += 1
    loop.run { [loop, path = "\(directory)/\(worlds)"] in await body(loop, path) }
  }
}

/// Unchecked: written on the one thread there is, and read there when the loop has ended.
private final class Box<Value>: @unchecked Sendable {
  var value: Value?
}

package struct SimulationError: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}

extension World.Outcome {
  init(failed reason: String) {
    self.init(
      violations: [Violation(law: .isAlive, text: reason)], fingerprint: 0, lineCount: 0, duration: .zero,
      chronicle: [], lines: [])
  }
}
