import Engine
import Mail
import Ports
import Reconciliation

/// The end of a world: nobody does anything any more, nothing goes wrong any more, and everything has to come to rest.
extension World {
  /// Longer than the slow poll under every push, and than the interval of full passes.
  private static let round: Duration = .seconds(16 * 60)
  /// Enough for a message that was refused for half an hour, and for logins.
  private static let roundsMax = 80
  private static let passesMax = 8

  func beQuiet() async {
    note("all is quiet from now on")
    checkSeconds(isLast: true)
    endTrouble()
    await comeToRest()
    isStartedAgain = false
    await stop()
    await passUntilNothingChanges()
    await passOnceMore()
    laws.lookAtExpunges()
    laws.checkRest()
  }

  /// With a daemon that runs, until nothing happens.
  private func comeToRest() async {
    for _ in 0..<Self.roundsMax {
      if martlet == nil { start(.run) }
      let before = mark
      await advance(to: site.clock.now.advanced(by: Self.round))
      if before == mark, martlet?.phase == .watching, !hasWork { return }
    }
    laws.report(.converges, "it does not come to rest: \(martlet.map { "\($0.phase)" } ?? "no martlet") \(workInHand)")
  }

  /// Moves on with whatever martlet does to either side.
  private var mark: [Int] { [site.server.record.changes, laws.actCount, martlet.map { Int($0.number) } ?? 0] }

  private var hasWork: Bool { !workInHand.isEmpty }

  private var workInHand: String {
    do {
      let aside = try site.vault.current.setAside(in: nil)
      return aside.map { "\($0.key) is set aside: \($0.reason)" }.joined(separator: "; ")
    } catch {
      return error.text
    }
  }

  // MARK: One-shot passes

  private func passUntilNothingChanges() async {
    for _ in 0..<Self.passesMax {
      guard let report = await pass(PassOptions(allowsDeletions: laws.allowsDeletions)) else { return }
      for held in report.held { checkHeld(held) }
      if !report.held.isEmpty {
        note(
          "the brake holds: \(report.held.map { "\($0.deletions) of \($0.total) in \($0.folder)" }.joined(separator: ", "))"
        )
        laws.allowsDeletions = true
        continue
      }
      if !report.didChange { return }
    }
    laws.report(.converges, "\(Self.passesMax) passes in a row, and each of them still changed something")
  }

  private func checkHeld(_ held: PassReport.Held) {
    guard !held.wholeFolder, held.deletions * 2 <= held.total else { return }
    laws.report(.brake, "\(held.folder): the brake holds \(held.deletions) of \(held.total) deletions")
  }

  /// Law L2: a further pass is empty.
  private func passOnceMore() async {
    let changes = site.server.record.changes
    let disk = site.disk.dump(below: Setting.root)
    let ledger = site.vault.changes.count
    guard let report = await pass(PassOptions(allowsDeletions: laws.allowsDeletions)) else { return }
    if report.didChange { laws.report(.converges, "a further pass changed something: \(report.counts)") }
    for problem in report.problems {
      laws.report(
        .converges, "a problem stays: \(problem.folder?.description ?? "") \(problem.message ?? "") \(problem.reason)")
    }
    for held in report.held { laws.report(.converges, "the brake still holds \(held.folder)") }
    if site.server.record.changes != changes { laws.report(.converges, "a further pass changed the server") }
    if site.disk.dump(below: Setting.root) != disk { laws.report(.converges, "a further pass changed the Maildir") }
    if site.vault.changes.count != ledger { laws.report(.converges, "a further pass changed the ledger") }
  }

  /// Nil where it failed, which is a violation now.
  private func pass(_ options: PassOptions) async -> PassReport? {
    lastEnding = nil
    start(.sync(options))
    for _ in 0..<120 where lastEnding == nil {
      await advance(to: site.clock.now.advanced(by: .seconds(30)))
    }
    switch lastEnding {
    case .report(let report)?: return report
    case .failed(let error)?: laws.report(.converges, "a pass fails, although nothing is wrong: \(error.text)")
    case .stopped?, nil: laws.report(.isAlive, "a pass does not end")
    }
    return nil
  }
}
