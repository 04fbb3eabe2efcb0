/// Finds the few actions of a story that it takes to break a law.
package struct Shrinking {
  private static let runsMax = 400

  private let runner: WorldRunner

  package init(_ runner: WorldRunner) { self.runner = runner }

  /// Leaves out what can be left out while one of the same laws is still broken: halves first, then smaller pieces,
  /// at last one by one.
  package func shrink(
    _ story: Story, keeping violations: [Violation]
  ) -> (story: Story, outcome: World.Outcome) {
    let laws = Set(violations.map(\.law))
    var best = (story: story, outcome: runner.play(story))
    var runs = 0
    var size = max(1, story.actions.count / 2)
    while true {
      var start = 0
      var hasShrunk = false
      while start < best.story.actions.count, runs < Self.runsMax {
        var actions = best.story.actions
        actions.removeSubrange(start..<min(start + size, actions.count))
        let trial = Story(setting: story.setting, actions: actions)
        let outcome = runner.play(trial)
        runs += 1
        if outcome.violations.contains(where: { laws.contains($0.law) }) {
          best = (trial, outcome)
          hasShrunk = true
        } else {
          start += size
        }
      }
      guard runs < Self.runsMax, size > 1 || hasShrunk else { return best }
      size = max(1, size / 2)
    }
  }
}
