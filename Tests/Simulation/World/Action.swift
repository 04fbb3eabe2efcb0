import Ports
package import Reconciliation

/// What somebody does with mail.
package enum Errand: String, Sendable, CaseIterable {
  case deliver, deliverAgain, mark, unmark, delete, deleteMany, move, copy, save, renameFiles, edit
  case makeFolder, removeFolder, renameFolder, swapFolders
}

/// What goes wrong. Those with a duration are over by themselves.
package enum Trouble: Hashable, Sendable {
  case cutOne, cutAll, muteOne, muteAll
  case networkDown(Duration), dialsSwallowed(Duration), untrusted(Duration)
  case serverRestart(sayingBye: Bool), sessionEnds(sayingBye: Bool)
  case renumber, forgetModSeqs, overflowNotify
  case answerLost(ServerVerb)
  case listsNothing(Duration), showsEmpty(Duration)
  case refusesOne(Duration), refusesReading(Duration), refusesAll(Duration), overQuota(Duration)
  case refusesLogin(Duration), busyLogin(Duration), silent(Duration), forgetsToPush(Duration), noModSeqs(Duration)
  case slowAnswers(Duration)
  case diskFull(Duration), diskFailing(every: Int, Duration), readOnly(Duration), tooManyOpen(Duration)
  case failingSyncs(Duration), folderFailing(Duration)
  case unmount(Duration), watchLimit(Duration), overflowWatches, lateEvents(Duration)
  /// The process dies in the place of one of its next effects.
  case kill(afterEffects: Int)
  case powerCut(afterEffects: Int)
  case stopAndStart
  case suspend(Duration)
  case clockJump(Duration)
  case secondMartlet
  case loseLedger
  /// When it is over, the Maildir is put back to what it is now.
  case backup(Duration)
}

/// One thing that happens in a world, at a moment of its own: dropping another one does not move it.
package struct Action: Sendable, CustomStringConvertible {
  package enum Deed: Hashable, Sendable {
    case person(Side, Errand)
    case trouble(Trouble)
  }

  /// In its story, from 1.
  package let number: Int
  /// Since the beginning.
  package let at: Duration
  /// Then, from the next thing that happens on, so many steps of everybody's work further.
  package let jobs: Int
  package let deed: Deed
  /// Seeds all chance in it: which message, which folder.
  package let roll: UInt64

  package var description: String {
    let time = "\(number). at \(at.seconds) s\(jobs == 0 ? "" : " + \(jobs) jobs"): "
    switch deed {
    case .person(let side, let errand): return "\(time)a person, \(side): \(errand.rawValue)"
    case .trouble(let trouble): return "\(time)\(trouble)"
    }
  }
}

extension Duration {
  /// For people: milliseconds are fine enough.
  package var seconds: String {
    let milliseconds = nanoseconds / 1_000_000
    let rest = "\(milliseconds % 1000)"
    return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
  }
}
