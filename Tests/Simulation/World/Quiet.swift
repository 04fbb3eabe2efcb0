import Engine
import Mail
import Ports
import Reconciliation

/// The end of a world: nobody does anything any more, nothing goes wrong any more, and everything has to come to rest.
extension World {
  /// Longer than the slow poll under every push, and than the interval of full passes; and no multiple of what is polled
  /// more often, which would be seen at work each time.
  private static let round: Duration = .seconds(16 * 60 + 7)
  /// Enough for a message that was refused for half an hour, and for logins.
  private static let roundsMax = 80
  private static let passesMax = 8
  private static let patience: Duration = .seconds(6 * 3600)
  /// Longer than a file in `tmp` counts as being delivered.
  private static let deliveryPatience: Duration = .seconds(37 * 3600)

  func beQuiet() async {
    note("all is quiet from now on")
    checkSeconds(isLast: true)
    endTrouble()
    startAnewIfDemanded()
    await comeToRest()
    if !site.server.profile.has(.uidPlus), people.takeBackMarks() {
      note("people take back their marks of deletion")
      await comeToRest()
    }
    if areFoldersMadeWhole() {
      note("people make whole what folders a power cut left")
      await comeToRest()
    }
    guard !isStuck else { return }
    isStartedAgain = false
    await stop()
    await passUntilNothingChanges()
    laws.lookAtExpunges()
    laws.checkRest()
  }

  private func areFoldersMadeWhole() -> Bool {
    do {
      return try people.makeFoldersWhole(try site.vault.current.folders().map(\.names.near))
    } catch {
      laws.report(.converges, "a folder cannot be made whole: \(error)")
      return false
    }
  }

  /// With a daemon that runs, until nothing happens.
  private func comeToRest() async {
    for _ in 0..<Self.roundsMax where !isStuck {
      startAnewIfDemanded()
      if martlet == nil { start(.run) }
      let (before, asked) = (mark, site.server.record.commandCount)
      await advance(to: site.clock.now.advanced(by: Self.round))
      if before == mark { checkQuiet(site.server.record.commandCount - asked) }
      if before == mark, martlet?.phase == .watching, !hasWork { return }
    }
    laws.report(.converges, "it does not come to rest: \(martlet.map { "\($0.phase)" } ?? "no martlet") \(workInHand)")
  }

  /// Who polls ten folders each minute asks less than this.
  private static let commandsMax = 800

  private func checkQuiet(_ commands: Int) {
    guard commands > Self.commandsMax else { return }
    laws.report(.isAlive, "\(commands) commands in \(Self.round.seconds) s in which nothing happened")
  }

  /// Moves on with whatever martlet does to either side.
  private var mark: [Int] { [site.server.record.changes, laws.actCount, martlet.map { Int($0.number) } ?? 0] }

  private var hasWork: Bool { !workInHand.isEmpty }

  /// In a folder that one side does not have, nothing goes on before a person has said what is to become of it (L9).
  private var workInHand: String {
    do {
      let (near, far) = (people.view().near.folders, people.view().far.folders)
      let whole = try site.vault.current.folders().filter { near.contains($0.names.near) && far.contains($0.names.far) }
      let ids = Set(whole.map(\.id))
      let aside = try site.vault.current.setAside(in: nil).filter { ids.contains($0.folder) }
      return aside.map { "\($0.key) is set aside: \($0.reason)" }.joined(separator: "; ")
    } catch {
      return error.text
    }
  }

  // MARK: One-shot passes

  /// Everything that a pass may change.
  private struct Footprint: Equatable {
    let server: Int
    let maildir: [String]
    let ledger: Int
  }

  private var footprint: Footprint {
    Footprint(
      server: site.server.record.changes, maildir: site.disk.dump(below: Setting.root),
      ledger: site.vault.changes.count)
  }

  /// Law L2: in finitely many steps a pass is empty, and has nothing to say. A pass that reports nothing may still have
  /// been the first half of something: it forgets the base of a folder that is to be made anew, takes note of the hour,
  /// or lets go of what was kept aside.
  private func passUntilNothingChanges() async {
    // Where a server does not tell the state of each, each folder may take note of the hour in a pass of its own.
    let passesMax = Self.passesMax + people.view().near.folders.count
    for number in 1...passesMax {
      let (before, heldBefore) = (footprint, laws.held)
      guard let report = await pass(PassOptions(allowsDeletions: laws.allowsDeletions)) else { return }
      describe(report)
      // What is held stays so until nothing is missing any more.
      for held in report.held where !heldBefore.contains(held.folder) { checkHeld(held) }
      if !report.held.isEmpty, laws.allowsDeletions {
        for held in report.held { laws.report(.converges, "the brake still holds \(held.folder)") }
      }
      let isSilent = !report.didChange && report.isClean
      if isSilent, site.server.record.changes != before.server {
        laws.report(.converges, "a pass changed the server and did not say so")
      }
      if isSilent, footprint == before { return }
      if number == passesMax { reportRestless(report, before, passesMax) }
      if !report.held.isEmpty { allowDeletions(report.held) }
      // What was set aside in a folder that was held has its time, too.
      if hasWork { await advance(to: site.clock.now.advanced(by: Self.patience)) }
      if !report.problems.isEmpty { await advance(to: site.clock.now.advanced(by: Self.deliveryPatience)) }
    }
  }

  /// People do not look into a folder that is held before they let it go, and what somebody moved there goes with it.
  private func allowDeletions(_ held: [PassReport.Held]) {
    laws.allowsDeletions = true
    let view = people.view()
    for folder in held.filter(\.wholeFolder).map(\.folder) {
      for side in Side.allCases {
        for item in view[side].items(in: folder) {
          guard let number = item.number else { continue }
          laws.registry.chronicle.forget(number)
          laws.registry.chronicle[number].isExcused = true
          laws.registry.chronicle[number].removed[side.other] += 1
        }
      }
    }
  }

  private func describe(_ report: PassReport) {
    for held in report.held { note("the brake holds \(held.deletions) of \(held.total) in \(held.folder)") }
    for problem in report.problems {
      note("a pass: \(problem.folder?.description ?? "") \(problem.message ?? "") \(problem.reason)")
    }
  }

  private func reportRestless(_ report: PassReport, _ before: Footprint, _ passesMax: Int) {
    let now = footprint
    let passes = "after \(passesMax) passes"
    if report.didChange { laws.report(.converges, "\(passes) one still changed something: \(report.counts)") }
    for problem in report.problems {
      laws.report(
        .converges, "a problem stays: \(problem.folder?.description ?? "") \(problem.message ?? "") \(problem.reason)")
    }
    if now.server != before.server { laws.report(.converges, "\(passes) one still changed the server") }
    if now.maildir != before.maildir { laws.report(.converges, "\(passes) one still changed the Maildir") }
    if now.ledger != before.ledger { laws.report(.converges, "\(passes) one still changed the ledger") }
  }

  private func checkHeld(_ held: PassReport.Held) {
    // What is too much for the account need not be much of any folder.
    guard !held.wholeFolder, held.account == nil, held.deletions * 2 <= held.total else { return }
    laws.report(.brake, "\(held.folder): the brake holds \(held.deletions) of \(held.total) deletions")
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
