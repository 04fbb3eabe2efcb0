import Ports
import Reconciliation
import Support

/// A world that is going to be: its setting, and what happens in it. All of it follows from the seed.
package struct Story: Sendable {
  package let setting: Setting
  package var actions: [Action]

  package init(setting: Setting, actions: [Action]) {
    self.setting = setting
    self.actions = actions
  }

  package init(seed: UInt64) {
    setting = Setting.drawn(seed)
    var author = Author(Dice(seed: seed &* 0xBF58_476D &+ 2))
    actions = author.write()
  }

  /// Only these actions of it; nil for all.
  package func only(_ numbers: [Int]?) -> Story {
    guard let numbers else { return self }
    let wanted = Set(numbers)
    return Story(setting: setting, actions: actions.filter { wanted.contains($0.number) })
  }
}

/// Draws a story's actions.
private struct Author {
  /// How much goes wrong beside what people do.
  private enum Weather: CaseIterable { case calm, lively, stormy, disastrous }

  private var dice: Dice
  private let weather: Weather
  private var now = Duration.zero

  init(_ dice: Dice) {
    var dice = dice
    weather = dice.pick([.calm, .lively, .lively, .stormy, .stormy, .disastrous])
    self.dice = dice
  }

  mutating func write() -> [Action] {
    (1...(4 + dice.below(40))).map { number in
      pass()
      let isTrouble = dice.happens(weather == .calm ? 8 : weather == .lively ? 25 : 45)
      let deed: Action.Deed =
        isTrouble ? .trouble(trouble()) : .person(dice.happens(50) ? .near : .far, errand())
      return Action(
        number: number, at: now, jobs: dice.happens(50) ? dice.below(400) : 0, deed: deed, roll: dice.next())
    }
  }

  /// Time between two actions: most come in the middle of what the one before set off.
  private mutating func pass() {
    switch dice.below(20) {
    case 0..<5: break
    case 5..<11: now += .milliseconds(dice.below(400))
    case 11..<15: now += .milliseconds(dice.below(8000))
    case 15..<18: now += .seconds(dice.below(120))
    default: now += .seconds(dice.below(1500))
    }
  }

  private mutating func errand() -> Errand {
    dice.pick([
      .deliver, .deliver, .deliver, .deliver, .mark, .mark, .mark, .mark, .unmark, .delete, .delete, .move, .move,
      .move,
      .copy, .copy, .save, .deliverAgain, .makeFolder, .removeFolder, .renameFolder, .renameFiles,
      dice.happens(30) ? .deleteMany : .mark, dice.happens(30) ? .swapFolders : .edit,
    ])
  }

  private mutating func trouble() -> Trouble {
    switch weather {
    case .calm: everyday()
    case .lively: dice.happens(70) ? everyday() : server()
    case .stormy: dice.happens(35) ? everyday() : dice.happens(50) ? server() : machine()
    case .disastrous:
      dice.happens(25) ? everyday() : dice.happens(40) ? disaster() : dice.happens(50) ? server() : machine()
    }
  }

  private mutating func everyday() -> Trouble {
    switch dice.below(10) {
    case 0: .cutOne
    case 1: .cutAll
    case 2: .muteOne
    case 3: .sessionEnds(sayingBye: dice.happens(50))
    case 4: .networkDown(minutes())
    case 5: .stopAndStart
    case 6...7: .kill(afterEffects: 1 + dice.below(dice.pick([4, 30, 120])))
    case 8: .suspend(minutes())
    default: .overflowWatches
    }
  }

  private mutating func server() -> Trouble {
    switch dice.below(19) {
    case 0: .serverRestart(sayingBye: dice.happens(50))
    case 1: .muteAll
    case 2: .dialsSwallowed(minutes())
    case 3: .untrusted(minutes())
    case 4...6: .answerLost(dice.pick([.append, .append, .copy, .move, .store, .expunge, .create, .delete]))
    case 7: .refusesOne(minutes())
    case 8: .refusesReading(minutes())
    case 9: .refusesAll(minutes())
    case 10: .overQuota(minutes())
    case 11: .refusesLogin(minutes())
    case 12: .busyLogin(minutes())
    case 13: .silent(minutes())
    case 14: .forgetsToPush(minutes())
    case 15: .noModSeqs(minutes())
    case 16: .overflowNotify
    case 17: .slowAnswers(minutes())
    default: .listsNothing(minutes())
    }
  }

  private mutating func machine() -> Trouble {
    switch dice.below(13) {
    case 0: .diskFull(minutes())
    case 1: .diskFailing(every: 2 + dice.below(40), minutes())
    case 2: .readOnly(minutes())
    case 3: .tooManyOpen(minutes())
    case 4: .failingSyncs(minutes())
    case 5: .folderFailing(minutes())
    case 6: .watchLimit(minutes())
    case 7: .lateEvents(minutes())
    case 8: .clockJump(.seconds(dice.below(200_000) - 100_000))
    case 9: .secondMartlet
    case 10: .unmount(minutes())
    default: .kill(afterEffects: 1 + dice.below(60))
    }
  }

  private mutating func disaster() -> Trouble {
    switch dice.below(10) {
    case 0...2: .powerCut(afterEffects: dice.below(80))
    case 3: .renumber
    case 4: .forgetModSeqs
    case 5: .loseLedger
    case 6: .showsEmpty(minutes())
    case 7...8: .backup(minutes())
    default: .powerCut(afterEffects: 0)
    }
  }

  private mutating func minutes() -> Duration {
    dice.happens(60) ? .milliseconds(200 + dice.below(20_000)) : .seconds(20 + dice.below(1500))
  }
}
