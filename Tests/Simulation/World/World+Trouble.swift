import Engine
import Mail
import Ports
import Reconciliation
import Support

/// How trouble begins and ends.
extension World {
  func begin(_ trouble: Trouble, _ roll: inout Dice) {
    switch trouble {
    case .cutOne, .cutAll, .muteOne, .muteAll, .networkDown, .dialsSwallowed, .untrusted: beginOnNetwork(trouble)
    case .serverRestart, .sessionEnds, .renumber, .forgetModSeqs, .overflowNotify, .answerLost:
      happenOnServer(trouble, &roll)
    case .listsNothing, .showsEmpty, .refusesOne, .refusesReading, .refusesAll, .overQuota, .refusesLogin, .busyLogin,
      .silent, .forgetsToPush, .noModSeqs, .slowAnswers:
      set(trouble, isOn: true, &roll)
    case .diskFull, .diskFailing, .readOnly, .tooManyOpen, .failingSyncs, .folderFailing, .unmount, .watchLimit,
      .overflowWatches, .lateEvents:
      beginOnDisk(trouble, &roll)
    case .kill, .powerCut, .stopAndStart, .suspend, .clockJump, .secondMartlet, .loseLedger: happenToMachine(trouble)
    case .backup: backUp()
    }
    if let duration = trouble.duration { arrange(.troubleEnds(trouble), after: duration) }
  }

  private func beginOnNetwork(_ trouble: Trouble) {
    switch trouble {
    case .cutOne: _ = site.network.cutOne()
    case .cutAll: site.network.cutAll()
    case .muteOne: _ = site.network.muteOne()
    case .muteAll: site.network.muteAll()
    case .networkDown:
      site.network.conditions.isDown = true
      site.network.muteAll()
    case .dialsSwallowed: site.network.conditions.swallowsDials = true
    case .untrusted: site.network.conditions.isUntrusted = true
    default: break
    }
  }

  private func happenOnServer(_ trouble: Trouble, _ roll: inout Dice) {
    switch trouble {
    case .serverRestart(let bye): site.server.restart(sayingBye: bye)
    case .sessionEnds(let bye): _ = site.server.endOne(sayingBye: bye)
    case .renumber:
      let box = roll.pick(site.server.mailboxes)
      laws.forgetUnsettled()
      // With another UIDVALIDITY and nothing in it, a mailbox is one that was made anew to everybody: it gets all that the
      // Maildir has, and what it shows again after that is there twice.
      guard !site.server.trouble.showsEmpty.contains(box.name) else { return }
      site.server.renumber(box.name)
    case .forgetModSeqs: site.server.forgetModSeqs(of: roll.pick(site.server.mailboxes).name)
    case .overflowNotify: site.server.overflowNotify()
    case .answerLost(let verb): site.server.trouble.losesNextAnswer.insert(verb)
    default: break
    }
  }

  private func set(_ trouble: Trouble, isOn: Bool, _ roll: inout Dice) {
    switch trouble {
    case .listsNothing: site.server.trouble.listsNothing = isOn
    case .showsEmpty:
      if isOn { laws.forgetUnsettled() }
      site.server.trouble.showsEmpty = isOn ? Set(bigMailboxes.filter(site.isNumberSeen).map(\.name)) : []
    case .refusesOne: site.server.trouble.refusesStoring = isOn ? someWords(&roll) : nil
    case .refusesReading: site.server.trouble.refusesReading = isOn ? someWords(&roll) : nil
    case .refusesAll: site.server.trouble.refusesEverything = isOn
    case .overQuota: site.server.trouble.isOverQuota = isOn
    case .refusesLogin: site.server.trouble.refusesLogin = isOn
    case .busyLogin: site.server.trouble.isTooBusyForLogin = isOn
    case .silent: site.server.trouble.isSilent = isOn
    case .forgetsToPush: site.server.trouble.forgetsToPush = isOn
    case .noModSeqs: site.server.trouble.hasNoModSeqs = isOn
    case .slowAnswers: site.server.trouble.answerDelay = isOn ? .seconds(1 + roll.below(20)) : .zero
    default: break
    }
  }

  /// Those in which the brake would hold: below its free count an emptied mailbox is believed (law L9).
  private var bigMailboxes: [SimulatedMailbox] { site.server.mailboxes.filter { $0.messages.count > 40 } }

  /// What tells one message from all others.
  private func someWords(_ roll: inout Dice) -> [UInt8] {
    let number = "\(roll.below(max(1, registry.bag.count)))"
    return Array("X-Number: \(String(repeating: "0", count: 5 - number.count))\(number)".utf8)
  }

  private func beginOnDisk(_ trouble: Trouble, _ roll: inout Dice) {
    switch trouble {
    case .diskFull: site.disk.trouble.isFull = true
    case .diskFailing(let every, _): site.disk.trouble.failsEvery = every
    case .readOnly: site.disk.trouble.isReadOnly = true
    case .tooManyOpen: site.disk.trouble.isOutOfDescriptors = true
    case .failingSyncs: site.disk.trouble.failsSyncs = true
    case .folderFailing:
      let directories = Inventory.maildirs(site.disk, root: Setting.root, site.setting.layout).filter { !$0.isEmpty }
      guard !directories.isEmpty else { return }
      site.disk.trouble.failingPaths = ["\(Setting.root)/\(roll.pick(directories))"]
    case .unmount: unmount(&roll)
    case .watchLimit: site.disk.trouble.watchesMax = roll.below(6)
    case .overflowWatches: site.disk.overflowWatchers()
    case .lateEvents: site.disk.trouble.eventDelay = .milliseconds(200 + roll.below(20_000))
    default: break
    }
  }

  private func unmount(_ roll: inout Dice) {
    // What is left there is no mount that could be taken away.
    // A file system that cannot write back what it has is not let go; what it lost would show when it is back only.
    guard site.disk.unmounted[Setting.root] == nil, !site.disk.trouble.failsSyncs, !site.disk.hasLostContent else {
      return
    }
    do {
      try site.disk.unmount(Setting.root, leaving: roll.happens(50) ? .emptyDirectory : .nothing, dice: &roll)
    } catch {
      // There is nothing there yet, or it is gone already.
      site.log.note("world: \(error.text)")
    }
  }

  private func mount() {
    let covered = Set(people.view().near.items.compactMap(\.number))
    do {
      try site.disk.mount(Setting.root)
      excuse(covered)
    } catch {
      // It was never taken away.
      site.log.note("world: \(error.text)")
    }
  }

  private func happenToMachine(_ trouble: Trouble) {
    switch trouble {
    case .kill(let count): martlet?.life.die(atEffect: count)
    case .powerCut(let count): cutPower(afterEffects: count)
    case .stopAndStart: martlet?.stop()
    case .suspend(let duration):
      if dice.happens(50) { site.network.muteAll() }
      site.clock.move(to: site.clock.now.advanced(by: duration))
      if dice.happens(80) { martlet?.networkChanged() }
    case .clockJump(let difference): site.clock.setWall(by: difference)
    case .secondMartlet: startSecond()
    case .loseLedger: loseLedger()
    default: break
    }
  }

  // MARK: Ends

  func end(_ trouble: Trouble) {
    var unused = Dice(seed: 0)
    note("over: \(trouble)")
    switch trouble {
    case .networkDown:
      site.network.conditions.isDown = false
      martlet?.networkChanged()
    case .dialsSwallowed: site.network.conditions.swallowsDials = false
    case .untrusted: site.network.conditions.isUntrusted = false
    case .diskFull: site.disk.trouble.isFull = false
    case .diskFailing: site.disk.trouble.failsEvery = nil
    case .readOnly: site.disk.trouble.isReadOnly = false
    case .tooManyOpen: site.disk.trouble.isOutOfDescriptors = false
    case .failingSyncs: site.disk.trouble.failsSyncs = false
    case .folderFailing: site.disk.trouble.failingPaths = []
    case .unmount: mount()
    case .watchLimit: site.disk.trouble.watchesMax = .max
    case .backup: putBack()
    case .lateEvents: site.disk.trouble.eventDelay = story.setting.diskTrouble.eventDelay
    default: set(trouble, isOn: false, &unused)
    }
  }

  /// All of it, at once.
  func endTrouble() {
    reprieve()
    cancelArrangements()
    site.endTrouble()
    if site.disk.unmounted[Setting.root] != nil { mount() }
    martlet?.networkChanged()
  }

  // MARK: Processes

  /// Where the Maildir was unmounted, and a power cut took what martlet knew of it, martlet has made another one in the
  /// empty directory. It demands a person then, who does as it says: the state directory goes, and both sides are matched
  /// anew.
  func startAnewIfDemanded() {
    let wasUnmounted = story.actions.contains { if case .trouble(.unmount) = $0.deed { true } else { false } }
    guard wasUnmounted, isAnotherMaildir || martlet?.findsAnotherMaildir == true else { return }
    note("people start anew with another Maildir")
    loseLedger()
    excuse(0..<registry.bag.count)
  }

  /// What was put into another Maildir, where the right one was not mounted, is below the mount point, out of sight.
  private func excuse(_ numbers: some Sequence<Mailbag.Number>) {
    let (near, far) = (people.view().near, people.view().far)
    for number in numbers {
      registry.chronicle.forget(number)
      if near.items(number).isEmpty, far.items(number).isEmpty { registry.chronicle[number].isExcused = true }
    }
  }

  private var isAnotherMaildir: Bool {
    do {
      guard let expected = try site.vault.current.fact(Martlet.markerFact) else { return false }
      return site.disk.text("\(Setting.root)/\(Martlet.markerPath)") != "\(expected)\n"
    } catch {
      return false
    }
  }

  /// The state directory is removed while martlet does not run.
  private func loseLedger() {
    // Without a base, a mailbox that is shown empty is an empty mailbox: what is here would go there, where it is.
    guard site.server.trouble.showsEmpty.isEmpty else { return }
    martlet?.kill()
    settle()
    do {
      try site.vault.lose()
    } catch {
      laws.report(.isAlive, "the ledger cannot be made anew: \(error.text)")
    }
    laws.forgetUnsettled()
  }

  /// Another martlet with another state directory, for the same Maildir: it has to say no and touch nothing.
  private func startSecond() {
    // What is under a mount point is another Maildir.
    guard let martlet, martlet.isInSession, site.setting.traits.hasLocks, site.disk.unmounted.isEmpty else { return }
    do {
      let vault = try LedgerVault(directory: "\(site.vault.directory).second", log: site.log)
      let second = try Martlet(on: site, life: Lifeline(), dice: Dice(seed: dice.next()), vault: vault)
      second.start(.sync(PassOptions()))
      seconds.append(Second(first: martlet, connections: martlet.connections, second: second, vault: vault))
    } catch {
      laws.report(.isAlive, "a second martlet cannot start: \(error.text)")
    }
  }

  /// What became of second martlets that have ended; one that the first made room for may have had its way.
  func checkSeconds(isLast: Bool = false) {
    for pair in seconds {
      guard let ending = pair.second.ending else {
        if isLast { pair.second.kill() }
        continue
      }
      let wasHeld = pair.first.isInSession && pair.first.connections == pair.connections
      if case .report = ending, wasHeld, site.disk.unmounted.isEmpty {
        laws.report(.nothingDoubled, "a second martlet on the same Maildir was not refused")
      }
    }
    let over = seconds.filter { isLast || $0.second.ending != nil }
    for pair in over { pair.vault.destroy() }
    seconds.removeAll { pair in over.contains { $0.second === pair.second } }
  }
}

/// A martlet that came although there was one.
struct Second {
  let first: Martlet
  /// How often the first had connected by then: it held the Maildir all the time, if it has not since.
  let connections: Int
  let second: Martlet
  let vault: LedgerVault
}

extension Trouble {
  /// Nil for what is over as soon as it has happened.
  var duration: Duration? {
    switch self {
    case .networkDown(let duration), .dialsSwallowed(let duration), .untrusted(let duration),
      .listsNothing(let duration), .showsEmpty(let duration), .refusesOne(let duration), .refusesReading(let duration),
      .refusesAll(let duration), .overQuota(let duration), .refusesLogin(let duration), .busyLogin(let duration),
      .silent(let duration), .forgetsToPush(let duration), .noModSeqs(let duration), .slowAnswers(let duration),
      .diskFull(let duration), .diskFailing(_, let duration), .readOnly(let duration), .tooManyOpen(let duration),
      .failingSyncs(let duration), .folderFailing(let duration), .unmount(let duration), .watchLimit(let duration),
      .lateEvents(let duration), .backup(let duration):
      duration
    default: nil
    }
  }
}
