import Ports

/// One case: once without a death, counting its effects; then once for each effect and each kind of death.
package struct CrashTrial {
  package struct Finding: Sendable {
    /// Nil where it is the run without a death that went wrong.
    package let step: Int?
    package let stepName: String
    package let death: CrashDeath
    package let text: String
  }

  package struct Result: Sendable {
    package var steps = 0
    package var deaths = 0
    package var findings: [Finding] = []
    /// The most that a death made to be done again.
    package var again = CrashRecord.Work()

    package init() {}
  }

  private let crash: CrashCase
  private let runner: WorldRunner
  /// Plays every such step only, for a first impression.
  private let stride: Int

  package init(_ crash: CrashCase, _ runner: WorldRunner, stride: Int = 1) {
    self.crash = crash
    self.runner = runner
    self.stride = crash.scenario.hasFoundBug ? 1 : stride
  }

  package func run() -> Result {
    var result = Result()
    let whole = runner.play(crash, .kill, step: nil)
    result.steps = whole.steps
    result.findings = whole.findings.map { Finding(step: nil, stepName: "", death: .kill, text: $0) }
    guard whole.findings.isEmpty, whole.steps > 0 else { return result }
    // Cases begin at different steps, so that a rough table meets all kinds of them.
    let first = 1 + crash.description.utf8.reduce(0) { $0 &+ Int($1) } % min(stride, whole.steps)
    for step in Swift.stride(from: first, through: whole.steps, by: stride) {
      for death in CrashDeath.allCases {
        let record = runner.play(crash, death, step: step)
        result.deaths += 1
        for text in record.findings + Self.differences(record, whole) {
          result.findings.append(Finding(step: step, stepName: whole.stepNames[step - 1], death: death, text: text))
        }
        result.again.widen(record.work - whole.work)
      }
    }
    return result
  }

  private static func differences(_ record: CrashRecord, _ whole: CrashRecord) -> [String] {
    var texts: [String] = []
    if record.findings.isEmpty, record.end != whole.end {
      let (lost, new) = (Set(whole.end).subtracting(record.end), Set(record.end).subtracting(whole.end))
      texts.append("L5: not the end of the run that did not die: \(lost.sorted()) became \(new.sorted())")
    }
    let again = record.work - whole.work
    if again.appends > 0 { texts.append("L3: \(again.appends) messages were sent once more") }
    // A command whose answer was lost may be given again only where it finds nothing left to change.
    if again.commands > 0 { texts.append("L5: \(again.commands) commands changed the server once more") }
    return texts
  }
}

extension CrashRecord.Work {
  fileprivate mutating func widen(_ other: Self) {
    commands = max(commands, other.commands)
    appends = max(appends, other.appends)
    bodies = max(bodies, other.bodies)
  }
}

extension WorldRunner {
  /// Plays a case once; `step` is the effect in whose place the process dies.
  package func play(_ crash: CrashCase, _ death: CrashDeath, step: Int?, keepsLines: Bool = false) -> CrashRecord {
    let box = RecordBox()
    run { loop, directory in
      do {
        let seed = UInt64(step ?? 0) &* 31 &+ 5
        let stage = try CrashStage(
          crash, death, seed: seed, on: loop, stateDirectory: directory, keepsLines: keepsLines)
        var play = CrashPlay(crash, on: stage)
        box.record = await play.run(step: step, death)
        await stage.takeDown()
      } catch {
        box.record.findings.append("it could not be played: \(error)")
      }
    }
    return box.record
  }
}

/// Unchecked: written on the one thread there is, and read there when the loop has ended.
private final class RecordBox: @unchecked Sendable {
  var record = CrashRecord()
}
