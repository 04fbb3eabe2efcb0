// A simulated world: the real engine, stores and ledger between a simulated disk and a simulated server, with people,
// trouble and time. Read this file first, then Story (what happens), LawBook (what must hold) and Quiet (how it ends).

import Engine
import Mail
import Maildir
package import Ports
import Reconciliation
import Support

/// One story, played from its beginning to its rest.
///
/// Promises: one story is one run, byte for byte, in every process (with SWIFT_DETERMINISTIC_HASHING=1) and on every
/// machine; nothing happens but what the story, the people of it and martlet do; everything that martlet does to the
/// world passes the law book.
@Loop
package final class World {
  package let story: Story
  package let site: Site
  package let registry = Registry()
  package let laws: LawBook
  let loop: WorldLoop
  let people: Correspondents
  var dice: Dice
  private(set) var martlet: Martlet?
  /// What takes place by itself later, by instant and then by the order in which it was arranged.
  private var arranged: [(at: LoopInstant, number: Int, what: Arrangement)] = []
  private var arrangements = 0
  /// The service manager starts martlet again, whatever it ended of.
  var isStartedAgain = true
  /// It goes round in circles: then nobody goes on with it.
  private(set) var isStuck = false
  /// A power cut that waits for the effect in whose place it comes.
  private var isCutDue = false
  var seconds: [Second] = []
  /// One that is going to be put back.
  var backup: Backup?
  /// The last thing that a one-shot pass said.
  var lastEnding: Martlet.Ending?
  /// What happened, in words, for a person who looks into a failure.
  package private(set) var chronicle: [String] = []

  enum Arrangement {
    case start
    case troubleEnds(Trouble)
    case powerReturns
  }

  init(_ story: Story, on loop: WorldLoop, stateDirectory: String, keepsLines: Bool = false) throws {
    self.story = story
    self.loop = loop
    site = try Site(story.setting, stateDirectory: stateDirectory, keepsLines: keepsLines || story.setting.isTraced)
    let laws = LawBook(site, registry)
    self.laws = laws
    people = Correspondents(site, registry) { laws.isSettled($0, near: $1, far: $2) }
    dice = Dice(seed: story.setting.seed &* 0x94D0_49BB &+ 3)
  }

  /// What came of a world.
  package struct Outcome: Sendable {
    package let violations: [Violation]
    /// Two runs of one story have the same.
    package let fingerprint: UInt64
    package let lineCount: Int
    /// Simulated time that passed.
    package let duration: Duration
    package let chronicle: [String]
    package let lines: [String]
  }

  package func play() async -> Outcome {
    do {
      try populate()
    } catch {
      laws.report(.isAlive, "the world could not be made: \(error)")
    }
    start()
    for action in story.actions where !isStuck { await take(action) }
    if !isStuck { await beQuiet() }
    let outcome = Outcome(
      violations: laws.violations, fingerprint: site.log.fingerprint, lineCount: site.log.count,
      duration: LoopInstant(nanoseconds: 0).duration(to: site.clock.now), chronicle: chronicle, lines: site.log.lines)
    martlet?.bury()
    site.takeDown()
    _ = await loop.rest()
    return outcome
  }

  func note(_ text: String) {
    let line = "\(LoopInstant(nanoseconds: 0).duration(to: site.clock.now).seconds) \(text)"
    site.log.note("world: \(line)")
    chronicle.append(line)
  }

  // MARK: Actions

  private func take(_ action: Action) async {
    await advance(to: LoopInstant(nanoseconds: 0).advanced(by: action.at))
    if action.jobs > 0 {
      // Into the middle of whatever happens next.
      if let next = site.clock.nextWake, site.clock.now.duration(to: next) < .seconds(2) { site.clock.move(to: next) }
      await loop.run(jobs: action.jobs)
    }
    settle()
    var roll = Dice(seed: action.roll)
    switch action.deed {
    case .person(let side, let errand):
      if let what = people.perform(errand, on: side, &roll) { note("\(action.number). \(side): \(what)") }
    case .trouble(let trouble):
      note("\(action.number). \(trouble)")
      begin(trouble, &roll)
    }
  }

  /// A world wakes some hundred times in the quarter of an hour of quiet.
  private static let wakesMax = 20_000

  /// Time moves on, from one thing that happens to the next.
  func advance(to end: LoopInstant) async {
    var wakes = 0
    while !isStuck {
      wakes += 1
      guard await loop.rest(), wakes <= Self.wakesMax else { return await breakCircle() }
      settle()
      let next = [site.clock.nextWake, arranged.first?.at].compactMap { $0 }.min()
      guard let next, next <= end else { break }
      site.clock.move(to: next)
      while let due = arranged.first, due.at <= site.clock.now {
        arranged.removeFirst()
        carryOut(due.what)
      }
    }
    site.clock.move(to: end)
  }

  /// Nothing of what follows would say more.
  private func breakCircle() async {
    laws.report(
      .isAlive, "it goes round in circles at \(LoopInstant(nanoseconds: 0).duration(to: site.clock.now).seconds) s")
    isStuck = true
    martlet?.kill()
    _ = await loop.rest()
  }

  func arrange(_ what: Arrangement, after delay: Duration) {
    arrangements += 1
    let at = site.clock.now.advanced(by: delay)
    let index = arranged.firstIndex { $0.at > at } ?? arranged.count
    arranged.insert((at, arrangements, what), at: index)
  }

  /// Nothing of what was arranged takes place any more.
  func cancelArrangements() { arranged = [] }

  private func carryOut(_ what: Arrangement) {
    switch what {
    case .start: if martlet == nil { start() }
    case .powerReturns: if martlet == nil { start() }
    case .troubleEnds(let trouble): end(trouble)
    }
  }

  /// What has happened to processes while nobody looked.
  func settle() {
    laws.lookAtExpunges()
    if !seconds.isEmpty { checkSeconds() }
    guard let martlet else { return }
    if isCutDue, martlet.life.isDead {
      cutPower()
    } else if martlet.life.isDead || martlet.ending != nil {
      ended(martlet)
    }
  }

  // MARK: martlet

  func start(_ work: Martlet.Work? = nil) {
    do {
      let laws = laws
      let martlet = try Martlet(
        on: site, life: Lifeline(), dice: Dice(seed: dice.next()), observe: { laws.saw($0) }, tell: { laws.heard($0) })
      martlet.ledger.onCommit = { laws.willCommit($0) }
      self.martlet = martlet
      martlet.start(work ?? (story.setting.isDaemon ? .run : .sync(PassOptions())))
    } catch {
      laws.report(.isAlive, "martlet cannot start: \(error.text)")
    }
  }

  private func ended(_ martlet: Martlet) {
    if martlet.ending == nil { note("martlet \(martlet.number) died") }
    lastEnding = martlet.ending
    martlet.bury()
    self.martlet = nil
    laws.processEnded()
    guard isStartedAgain else { return }
    let isOneShot = !story.setting.isDaemon && martlet.ending != nil
    arrange(.start, after: isOneShot ? .seconds(30 + dice.below(200)) : .milliseconds(dice.below(3000)))
  }

  /// The power goes in the place of one of martlet's next effects.
  func cutPower(afterEffects count: Int) {
    guard let martlet, count > 0 else { return cutPower() }
    isCutDue = true
    martlet.life.die(atEffect: count)
  }

  func cutPower() {
    isCutDue = false
    let before = Inventory.near(site.disk, root: Setting.root, site.setting.layout, &registry.bag)
    martlet?.kill()
    martlet = nil
    laws.processEnded()
    let tables = site.disk.files(below: Setting.root).filter { $0.path.hasSuffix("/\(KeywordTable.fileName)") }
    site.disk.crash(.powerCut, dice: &dice)
    putBack(tables)
    do {
      try site.vault.cut(dice: &dice)
    } catch {
      laws.report(.isAlive, "the ledger's file cannot be made anew: \(error.text)")
    }
    note("the power is cut")
    laws.powerWasCut(before: before)
    cancelStarts()
    arrange(.powerReturns, after: .milliseconds(500 + dice.below(20_000)))
  }

  /// What a table said that the disk had claimed to hold, and did not, nobody can know: people have it in a backup.
  private func putBack(_ tables: [DiskFile]) {
    for table in tables {
      guard let inode = site.disk.status(table.path)?.inode, site.disk.ruined.contains(inode) else { continue }
      do {
        try site.disk.write(table.path, table.bytes)
      } catch {
        laws.report(.isAlive, "a table of keywords cannot be put back: \(error.text)")
      }
    }
  }

  /// Deaths that were still to come do not come any more.
  func reprieve() {
    settle()
    isCutDue = false
    martlet?.life.reprieve()
  }

  private func cancelStarts() {
    arranged.removeAll { if case .start = $0.what { true } else { false } }
  }

  /// Ends it in an orderly way, and waits for that.
  func stop() async {
    guard let martlet else { return }
    martlet.stop()
    for _ in 0..<120 where martlet.ending == nil && !martlet.life.isDead {
      await advance(to: site.clock.now.advanced(by: .seconds(1)))
    }
    if martlet.ending == nil, !martlet.life.isDead {
      laws.report(.isAlive, "martlet \(martlet.number) does not stop")
      martlet.kill()
    }
    settle()
  }
}
