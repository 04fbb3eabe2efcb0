import Glibc
import Simulation
import Support

/// Plays the worlds of this process, one after another.
struct Worlds {
  let options: SimulateOptions

  init(_ options: SimulateOptions) { self.options = options }

  /// True where no law was broken.
  func run() -> Bool {
    withRunner { options.isSingle ? single($0) : playAll($0) }
  }

  private func playAll(_ runner: WorldRunner) -> Bool {
    let start = ContinuousClock.now
    var failures = 0
    var count = 0
    var seed = options.first
    while seed <= options.last {
      // For whoever has started us: if we die, this is the seed that did it.
      print("seed \(seed)")
      fflush(nil)
      if !play(seed, runner) { failures += 1 }
      count += 1
      seed += options.stride
    }
    print(Self.summary(count, since: start, failures: failures))
    return failures == 0
  }

  static func summary(_ count: Int, since start: ContinuousClock.Instant, failures: Int) -> String {
    let seconds = start.duration(to: .now) / .seconds(1)
    return "\(count) worlds in \(tenths(seconds)) s, \(tenths(Double(count) / seconds)) a second, \(failures) failed"
  }

  private func play(_ seed: UInt64, _ runner: WorldRunner) -> Bool {
    let story = Story(seed: seed)
    let outcome = runner.play(story)
    var violations = outcome.violations
    if options.isTwice {
      let again = runner.play(story)
      if again.fingerprint != outcome.fingerprint {
        violations.append(.init(law: .isAlive, text: "two runs of one seed are not equal"))
      }
    }
    guard !violations.isEmpty else { return true }
    print("seed \(seed) FAILED")
    for violation in violations { print("  \(violation)") }
    if options.shrinks, !outcome.violations.isEmpty {
      let shrunk = Shrinking(runner).shrink(story, keeping: outcome.violations)
      print("  its story, shrunk to \(shrunk.story.actions.count) of \(story.actions.count) actions:")
      for line in shrunk.outcome.chronicle { print("    \(line)") }
      for violation in shrunk.outcome.violations { print("    => \(violation)") }
      let numbers = shrunk.story.actions.map { "\($0.number)" }.joined(separator: ",")
      print("  replay: martlet-simulate --seed \(seed) --actions \(numbers.isEmpty ? "0" : numbers) --log")
    }
    fflush(nil)
    return false
  }

  private func single(_ runner: WorldRunner) -> Bool {
    let story = Story(seed: options.first).only(options.actions)
    print("\(story.setting)")
    for action in story.actions { print("action \(action)") }
    let outcome = runner.play(story, keepsLines: options.printsLog)
    for line in options.printsLog ? outcome.lines : outcome.chronicle { print(line) }
    for violation in outcome.violations { print("=> \(violation)") }
    print(
      "fingerprint \(String(outcome.fingerprint, radix: 16)), \(outcome.lineCount) lines, \(outcome.duration.seconds) s"
    )
    guard options.isTwice else { return outcome.violations.isEmpty }
    let again = runner.play(story, keepsLines: options.printsLog)
    if again.fingerprint != outcome.fingerprint {
      print("=> a second run is not equal")
      if let index = zip(outcome.lines, again.lines).enumerated().first(where: { $1.0 != $1.1 })?.offset {
        print("   first: \(outcome.lines[index])\n   second: \(again.lines[index])")
      }
      return false
    }
    return outcome.violations.isEmpty
  }

  private static func tenths(_ number: Double) -> String {
    let tenths = Int((number * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
