import Engine
import Mail
import Ports
import Reconciliation

/// What came of playing a case once.
package struct CrashRecord: Sendable {
  /// What was done to the server, and read from it, from the deeds to the end.
  package struct Work: Sendable, Equatable {
    package var commands = 0
    package var appends = 0
    package var bodies = 0
  }

  /// Effects of the process that the case is about, on disk, network and ledger.
  package internal(set) var steps = 0
  package internal(set) var stepNames: [String] = []
  /// What was wrong at the end.
  package internal(set) var findings: [String] = []
  package internal(set) var work = Work()
  /// Both sides at the end, a line for each message, dates included.
  var end: [String] = []
  package internal(set) var lines: [String] = []
}

/// One run of a case: until the process dies, or not; then, after a restart, until nothing is left to do.
@Loop
struct CrashPlay {
  private static let passesMax = 6
  /// Long enough for a process that watches to do all that the deeds ask for.
  private static let working: Duration = .seconds(90)
  /// Long enough for one that was started anew, which waits before it believes that the server stands still.
  private static let recovering: Duration = .seconds(300)

  let crash: CrashCase
  let stage: CrashStage
  private var record = CrashRecord()
  private var scenario: CrashScenario { crash.scenario }
  private var options: PassOptions { PassOptions(allowsDeletions: scenario.allowsDeletions) }

  init(_ crash: CrashCase, on stage: CrashStage) {
    self.crash = crash
    self.stage = stage
  }

  /// Dies in the place of effect `step`, counted from 1 and from the deeds on; nil for a run without a death.
  mutating func run(step: Int?, _ death: CrashDeath) async -> CrashRecord {
    do {
      try await prepare()
      let start = work
      try await act(step)
      if step != nil {
        guard stage.hasDied else { throw SimulationError("it came to its end before effect \(step ?? 0)") }
        try stage.crash(death)
      }
      let known = try stage.pairedMessages()
      let read = stage.site.server.record.bodies.count
      try await recover(isRestart: step != nil)
      checkReading(known, since: read)
      record.work = work - start
      try checkEnd()
    } catch {
      record.findings.append("\(error)")
    }
    record.findings += stage.laws.violations.map { "\($0)" }
    record.lines = stage.site.log.lines
    return record
  }

  private var work: CrashRecord.Work {
    let done = stage.site.server.record
    return .init(
      commands: done.changes, appends: done.arrivals.count { $0.way == .append }, bodies: done.bodies.count)
  }

  // MARK: Acts

  /// Both sides and the base as the row has them, durably.
  private mutating func prepare() async throws {
    guard let before = scenario.before else { return }
    let picture = MailPicture(before)
    try stage.people.fill(picture)
    try await passUntilNothingChanges()
    for side in Side.allCases where stage.people.picture(side) != picture {
      throw SimulationError("the \(side) side cannot be prepared: it is \(stage.people.picture(side))")
    }
    stage.makeDurable()
  }

  private mutating func act(_ step: Int?) async throws {
    switch crash.way {
    case .sync: try await sync(step)
    case .watch: try await watch(step)
    }
  }

  private mutating func sync(_ step: Int?) async throws {
    try perform()
    stage.wait(.seconds(10))
    let life = Lifeline(deathStep: step, keepsNames: step == nil)
    _ = try await stage.sync(options, life: life)
    record.steps = life.steps
    record.stepNames = life.names
  }

  private mutating func watch(_ step: Int?) async throws {
    let life = Lifeline(keepsNames: step == nil)
    try stage.start(.run, life: life)
    await stage.advance(.seconds(60))
    guard stage.martlet?.phase == .watching else { throw SimulationError("it does not come to watch") }
    let first = life.steps
    if let step { life.die(atEffect: step) }
    try perform()
    await stage.advance(Self.working)
    record.steps = life.steps - first
    record.stepNames = Array(life.names.dropFirst(first))
    if step == nil { await stage.stop() } else { _ = await stage.bury() }
  }

  private func perform() throws {
    for deed in scenario.deeds { try stage.people.perform(deed) }
    stage.makeDurable()
  }

  private mutating func recover(isRestart: Bool) async throws {
    if isRestart, crash.way == .watch {
      try stage.start(.run, life: Lifeline())
      await stage.advance(Self.recovering)
      await stage.stop()
      for side in Side.allCases where stage.people.picture(side) != scenario.after[side] {
        record.findings.append("L5: a restart leaves the \(side) side at \(stage.people.picture(side))")
      }
    }
    try await passUntilNothingChanges()
    try await passOnceMore()
  }

  /// Nor anything on the disk: the second name of a file goes without a word, and what is proved by the times of its
  /// directory is so after a while only.
  private mutating func passUntilNothingChanges() async throws {
    for _ in 1...Self.passesMax {
      stage.wait(.seconds(10))
      let before = stage.fingerprints["Maildir"]
      guard try await pass()?.didChange == true || stage.fingerprints["Maildir"] != before else { return }
    }
    record.findings.append("L2: \(Self.passesMax) passes in a row, and each of them still changed something")
  }

  /// Law L2: a further pass is empty.
  private mutating func passOnceMore() async throws {
    stage.wait(.seconds(10))
    let before = stage.fingerprints
    guard let report = try await pass() else { return }
    for problem in report.problems {
      record.findings.append("L5: a problem stays: \(problem.message.map { "\($0): " } ?? "")\(problem.reason)")
    }
    if report.held.isEmpty == scenario.isHeld {
      record.findings.append("L9: the brake \(scenario.isHeld ? "does not hold" : "holds \(report.held)")")
    }
    for (name, after) in stage.fingerprints where before[name] != after {
      record.findings.append("L2: a further pass changes the \(name)")
    }
  }

  /// Nil where it failed, which is a finding.
  private mutating func pass() async throws -> PassReport? {
    switch try await stage.sync(options) {
    case .report(let report)?: return report
    case .failed(let error)?: record.findings.append("L5: a pass fails: \(error.text)")
    case .stopped?, nil: record.findings.append("L5: a pass does not end")
    }
    return nil
  }

  // MARK: Checks

  /// Nothing is done again but the step that was lost: what the base knows is not read once more; and what it does not
  /// know is read at most twice, to know it again and to bring it over.
  private mutating func checkReading(_ known: Set<CrashStage.Place>, since first: Int) {
    var reads: [CrashStage.Place: Int] = [:]
    for body in stage.site.server.record.bodies[first...] {
      reads[.init(mailbox: body.mailbox, uid: body.uid), default: 0] += 1
    }
    for (place, count) in reads where count > (known.contains(place) ? 0 : 2) {
      let reason = known.contains(place) ? "although the base has it" : "\(count) times"
      record.findings.append("L5: \(place.mailbox) UID \(place.uid) is read again, \(reason)")
    }
  }

  private mutating func checkEnd() throws {
    for side in Side.allCases {
      let (found, wanted) = (stage.people.picture(side), scenario.after[side])
      guard found != wanted else { continue }
      let (have, need) = (found.counts, wanted.counts)
      let lost = need.filter { have[$0.key] == nil }.keys.sorted()
      let doubled = have.filter { $0.value > need[$0.key] ?? 0 }.keys.sorted()
      let law = !lost.isEmpty ? "L1: \(lost) lost: " : !doubled.isEmpty ? "L3: \(doubled) too many: " : "L5: "
      record.findings.append("\(law)the \(side) side is \(found), not \(wanted)")
    }
    record.end = stage.messageLines
    let (near, far) = (stage.people.inventory(.near), stage.people.inventory(.far))
    if !scenario.isHeld { stage.laws.checkBase(near: near, far: far, except: []) }
  }
}

extension CrashRecord.Work {
  static func - (left: Self, right: Self) -> Self {
    .init(
      commands: left.commands - right.commands, appends: left.appends - right.appends,
      bodies: left.bodies - right.bodies)
  }
}
