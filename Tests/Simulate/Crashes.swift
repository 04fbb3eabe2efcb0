import Glibc
import Simulation

/// Plays the table of crashes: a line for each case, what was wrong with how to play it again, and a sum.
struct Crashes {
  /// Of one case, so many findings are told; the rest is most often the same.
  private static let findingsMax = 8

  let options: SimulateOptions

  init(_ options: SimulateOptions) { self.options = options }

  /// True where every death was made good.
  func run() -> Bool {
    let cases = CrashCase.all.filter { crash in
      if options.except == "\(crash)" { return false }
      return options.scenario.map { "\(crash)" == $0 || "\(crash)".hasPrefix("\($0)/") } ?? true
    }
    guard !cases.isEmpty else {
      complain("no scenario is called \(options.scenario ?? ""); there are:")
      for name in CrashScenario.table.map(\.name) { complain("  \(name)") }
      return false
    }
    return withRunner { runner in
      if let step = options.step { return playOne(cases[0], step, runner) }
      return playAll(cases, runner)
    }
  }

  private func playAll(_ cases: [CrashCase], _ runner: WorldRunner) -> Bool {
    let start = ContinuousClock.now
    var total = CrashTrial.Result()
    print("\(padded("case", 56))  steps  deaths  again  findings")
    for crash in cases {
      let result = CrashTrial(crash, runner, stride: options.every).run()
      let again = "\(result.again.commands)c \(result.again.bodies)b"
      print(
        "\(padded("\(crash)", 56)) \(padded(result.steps, 6)) \(padded(result.deaths, 7)) \(padded(again, 6)) "
          + padded(result.findings.count, 9))
      for finding in result.findings.prefix(Self.findingsMax) { tell(finding, of: crash) }
      fflush(nil)
      total.steps += result.steps
      total.deaths += result.deaths
      total.findings += result.findings
    }
    let seconds = start.duration(to: .now).components.seconds
    print(
      "\(cases.count) cases, \(total.steps) steps, \(total.deaths) deaths in \(seconds) s, "
        + "\(total.findings.count) findings")
    print("again: the most that a death made to be done once more: commands that change the server (c), bodies (b)")
    return total.findings.isEmpty
  }

  private func tell(_ finding: CrashTrial.Finding, of crash: CrashCase) {
    guard let step = finding.step else { return print("  without a death: \(finding.text)") }
    print("  \(finding.death.rawValue) in the place of step \(step), \(finding.stepName):\n    \(finding.text)")
    print(
      "    replay: martlet-simulate --crash --scenario \(crash) --step \(step) --death \(finding.death.rawValue) --log")
  }

  private func playOne(_ crash: CrashCase, _ step: Int, _ runner: WorldRunner) -> Bool {
    guard let death = CrashDeath(rawValue: options.death) else {
      complain("no kind of death: \(options.death); there are \(CrashDeath.allCases.map(\.rawValue))")
      return false
    }
    let record = runner.play(crash, death, step: step, keepsLines: options.printsLog)
    for line in record.lines { print(line) }
    for finding in record.findings { print("=> \(finding)") }
    return record.findings.isEmpty
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private func padded(_ value: some CustomStringConvertible, _ width: Int) -> String {
    let text = "\(value)"
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
