import Engine
import Mail
import Ports
import Reconciliation
import Support

/// What the process's end takes with it, and how the file system below it keeps names.
package enum CrashDeath: String, Sendable, CaseIterable {
  /// `kill -9`: nothing is lost.
  case kill
  /// The power goes, on a file system that keeps renames whole.
  case cut
  /// The power goes, on a file system where each directory is kept by itself.
  case cutByDirectory = "cut-by-directory"
}

/// The place where one case is played once: both sides, people, and martlet processes one after another.
@Loop
final class CrashStage {
  let site: Site
  let registry = Registry()
  let laws: LawBook
  let people: CrashPeople
  private let loop: WorldLoop
  /// The same in every play of a case, so that its effects are.
  private var dice = Dice(seed: 5)
  /// What a power cut takes.
  private var lossDice: Dice
  private(set) var martlet: Martlet?
  /// Of the process that was let go of last.
  private(set) var lastLife: Lifeline?

  init(
    _ crash: CrashCase, _ death: CrashDeath, seed: UInt64, on loop: WorldLoop, stateDirectory: String, keepsLines: Bool
  ) throws {
    self.loop = loop
    lossDice = Dice(seed: seed)
    site = try Site(Self.setting(crash, death), stateDirectory: stateDirectory, keepsLines: keepsLines)
    laws = LawBook(site, registry)
    laws.allowsDeletions = crash.scenario.allowsDeletions
    people = CrashPeople(site, registry)
  }

  private static func setting(_ crash: CrashCase, _ death: CrashDeath) -> Setting {
    var setting = Setting()
    var profile = ServerProfile(crash.server == .full ? .everything : .none)
    profile.password = Setting.password
    if let keywords = crash.scenario.keywords { profile.keywords = .only(keywords) }
    setting.server = profile
    setting.layout = crash.scenario.layout
    setting.deletionRules.trash = crash.scenario.trash.flatMap { FolderName($0) }
    if death == .cutByDirectory { setting.traits.journal = .byDirectory }
    return setting
  }

  // MARK: Processes

  func start(_ work: Martlet.Work, life: Lifeline) throws {
    let laws = laws
    let martlet = try Martlet(
      on: site, life: life, dice: Dice(seed: dice.next()), observe: { laws.saw($0) }, tell: { laws.heard($0) })
    martlet.ledger.onCommit = { laws.willCommit($0) }
    self.martlet = martlet
    martlet.start(work)
  }

  /// True once the process has died or come to its end.
  var isOver: Bool { martlet.map { $0.life.isDead || $0.ending != nil } ?? true }

  /// Time passes, until the process is over or `duration` is.
  func advance(_ duration: Duration) async {
    let end = site.clock.now.advanced(by: duration)
    while !isOver {
      guard await loop.rest() else {
        laws.report(.isAlive, "it goes round in circles")
        martlet?.kill()
        _ = await loop.rest()
        return
      }
      guard let next = site.clock.nextWake, next <= end, !isOver else { break }
      site.clock.move(to: next)
    }
    if !isOver { site.clock.move(to: end) }
    laws.lookAtExpunges()
  }

  /// Time passes while no process is there.
  func wait(_ duration: Duration) { site.clock.move(to: site.clock.now.advanced(by: duration)) }

  /// All that was done so far outlives every power cut.
  func makeDurable() {
    site.disk.writeBack()
    site.vault.closed()
  }

  /// Lets go of a process that is over; what it said at last.
  func bury() async -> Martlet.Ending? {
    guard let martlet else { return nil }
    self.martlet = nil
    martlet.bury()
    _ = await loop.rest()
    laws.processEnded()
    lastLife = martlet.life
    return martlet.ending
  }

  /// Nil where it does not end in an hour.
  func sync(_ options: PassOptions, life: Lifeline = Lifeline()) async throws -> Martlet.Ending? {
    try start(.sync(options), life: life)
    await advance(.seconds(3600))
    if !isOver { martlet?.kill() }
    return await bury()
  }

  func stop() async {
    martlet?.stop()
    await advance(.seconds(60))
    if !isOver { laws.report(.isAlive, "martlet does not stop") }
    martlet?.kill()
    _ = await bury()
  }

  // MARK: The crash

  /// What the death of all processes leaves.
  func crash(_ death: CrashDeath) throws {
    guard death != .kill else { return site.disk.crash(.processOnly, dice: &lossDice) }
    let before = people.inventory(.near)
    site.disk.crash(.powerCut, dice: &lossDice)
    try site.vault.cut(dice: &lossDice)
    laws.powerWasCut(before: before)
    // What came back was not deleted after all, and is yet to be.
    let after = people.inventory(.near)
    for number in 0..<registry.bag.count {
      registry.chronicle[number].removedByMartlet.near -= max(0, after.items(number).count - before.items(number).count)
    }
  }

  func takeDown() async {
    martlet?.kill()
    _ = await bury()
    site.takeDown()
    _ = await loop.rest()
  }
}
