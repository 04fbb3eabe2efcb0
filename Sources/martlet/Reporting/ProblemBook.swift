import Engine
import Mail
import Reconciliation

/// Which problems of an account have been said, so that each is said once, and once more when it is over.
struct ProblemBook {
  /// Beyond this many nothing is remembered anew; what comes then is said each time.
  static let sizeMax = 10_000

  private struct Subject: Hashable {
    let folder: FolderName?
    let message: String?
  }

  private var said: [Subject: String] = [:]
  private var heldSaid: Set<Hold> = []

  /// How many messages it are may change with every look.
  private struct Hold: Hashable {
    let folder: FolderName
    let side: Side
    let wholeFolder: Bool
    let isOfAccount: Bool

    init(_ held: PassReport.Held) {
      (folder, side, wholeFolder) = (held.folder, held.side, held.wholeFolder)
      isOfAccount = held.account != nil
    }
  }

  /// True where it is news: not said yet, or with another reason.
  mutating func note(_ problem: PassReport.Problem) -> Bool {
    let subject = Subject(folder: problem.folder, message: problem.message)
    guard said[subject] != problem.reason else { return false }
    if said.count < Self.sizeMax || said[subject] != nil { said[subject] = problem.reason }
    return true
  }

  /// What was said of a folder as a whole (nil: of the account) is over.
  mutating func settle(_ folder: FolderName?) { said[Subject(folder: folder, message: nil)] = nil }

  /// Forgets the messages that wait no more, and answers them.
  mutating func settleMessages(stillWaiting: (FolderName, String) -> Bool) -> [(folder: FolderName, message: String)] {
    var over: [(folder: FolderName, message: String)] = []
    for subject in said.keys {
      guard let folder = subject.folder, let message = subject.message, !stillWaiting(folder, message) else { continue }
      said[subject] = nil
      over.append((folder, message))
    }
    return over.sorted { ($0.folder, $0.message) < ($1.folder, $1.message) }
  }

  /// True where it was said that the folder is gone on the other side.
  func hasSaidGone(_ folder: FolderName?) -> Bool { heldSaid.contains { $0.wholeFolder && $0.folder == folder } }

  /// The brake holds nothing there any more, or (nil) nothing for the account's sake: what it holds next is news again.
  mutating func settleHeld(in folder: FolderName?, _ side: Side) {
    heldSaid = heldSaid.filter { hold in
      hold.wholeFolder || hold.side != side
        || (folder.map { hold.folder != $0 || hold.isOfAccount } ?? !hold.isOfAccount)
    }
  }

  /// Forgets the folders that were said to be gone on the other side and are held no more, and answers them.
  mutating func settleGoneFolders(stillHeld: (FolderName) -> Bool) -> [(folder: FolderName, side: Side)] {
    let over = heldSaid.filter { $0.wholeFolder && !stillHeld($0.folder) }
    heldSaid.subtract(over)
    return over.map { ($0.folder, $0.side) }.sorted { $0.0 < $1.0 }
  }

  /// What the brake holds in `folder` now; answers what is news. That a folder is gone no more is settled by itself.
  mutating func note(held: [PassReport.Held], in folder: FolderName) -> [PassReport.Held] {
    let news = held.filter { !heldSaid.contains(Hold($0)) }
    heldSaid = heldSaid.filter { $0.folder != folder || $0.wholeFolder }.union(held.map(Hold.init))
    return news
  }
}
