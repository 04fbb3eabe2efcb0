import Engine
import Mail
import Reconciliation
import Testing

@testable import martlet

/// The book as a reference: `#expect` cannot call what changes a value.
private final class Book {
  private var book = ProblemBook()

  func note(_ problem: PassReport.Problem) -> Bool { book.note(problem) }
  func note(held: [PassReport.Held], in folder: FolderName) -> [PassReport.Held] { book.note(held: held, in: folder) }
  func settle(_ folder: FolderName?) { book.settle(folder) }
  func settleHeld(in folder: FolderName?, _ side: Side) { book.settleHeld(in: folder, side) }
  func settleGoneFolders(stillHeld: (FolderName) -> Bool) -> [FolderName] {
    book.settleGoneFolders(stillHeld: stillHeld).map(\.folder)
  }
  func settleMessages(stillWaiting: (FolderName, String) -> Bool) -> [String] {
    book.settleMessages(stillWaiting: stillWaiting).map(\.message)
  }
}

@Suite("What was said of problems")
struct ProblemBookTests {
  private let inbox = FolderName.inbox

  @Test("is said once, and again when the reason is another (L11)")
  func once() {
    let book = Book()
    #expect(book.note(.init(folder: inbox, reason: "full")))
    #expect(!book.note(.init(folder: inbox, reason: "full")))
    #expect(book.note(.init(folder: inbox, reason: "read-only")))
    #expect(book.note(.init(folder: nil, reason: "read-only")))
    #expect(book.note(.init(folder: inbox, message: "remote UID 7", reason: "read-only")))
  }

  @Test("is said anew after it was over")
  func settled() {
    let book = Book()
    #expect(book.note(.init(folder: inbox, reason: "full")))
    book.settle(inbox)
    #expect(book.note(.init(folder: inbox, reason: "full")))
  }

  @Test("of a message is over when it waits no more")
  func messages() {
    let book = Book()
    _ = book.note(.init(folder: inbox, reason: "full"))
    for uid in 1...3 { _ = book.note(.init(folder: inbox, message: "remote UID \(uid)", reason: "too big")) }
    let over = book.settleMessages { _, message in message == "remote UID 2" }
    #expect(over == ["remote UID 1", "remote UID 3"])
    #expect(book.settleMessages { _, message in message == "remote UID 2" }.isEmpty)
  }

  @Test("of the brake is news once, however its count grows, and again after it was released (L9)")
  func held() {
    let book = Book()
    let first = PassReport.Held(folder: inbox, side: .near, deletions: 30, total: 40)
    #expect(book.note(held: [first], in: inbox) == [first])
    #expect(book.note(held: [first], in: inbox).isEmpty)
    let more = PassReport.Held(folder: inbox, side: .near, deletions: 31, total: 40)
    // A count that grows is the same hold.
    #expect(book.note(held: [more], in: inbox).isEmpty)
    #expect(book.note(held: [], in: inbox).isEmpty)
    #expect(book.note(held: [more], in: inbox) == [more])
  }

  @Test(
    "of the brake is news again after it let go of that side of the folder, or of the account, without a pass's word")
  func released() {
    let book = Book()
    let here = PassReport.Held(folder: inbox, side: .near, deletions: 30, total: 40)
    let there = PassReport.Held(
      folder: inbox, side: .far, deletions: 30, total: 400, account: .init(deletions: 60, total: 100))
    _ = book.note(held: [here, there], in: inbox)
    book.settleHeld(in: inbox, .far)
    #expect(book.note(held: [here, there], in: inbox).isEmpty)
    book.settleHeld(in: inbox, .near)
    #expect(book.note(held: [here, there], in: inbox) == [here])
    book.settleHeld(in: nil, .far)
    #expect(book.note(held: [here, there], in: inbox) == [there])
  }

  @Test("of a folder that is gone on the other side is over when it is held no more, whatever its passes tell")
  func goneFolder() {
    let book = Book()
    let gone = PassReport.Held(folder: inbox, side: .near, deletions: 3, total: 3, wholeFolder: true)
    _ = book.note(held: [gone], in: inbox)
    #expect(book.settleGoneFolders { _ in true }.isEmpty)
    _ = book.note(held: [], in: inbox)
    #expect(book.settleGoneFolders { _ in false } == [inbox])
    #expect(book.settleGoneFolders { _ in false }.isEmpty)
    #expect(book.note(held: [gone], in: inbox) == [gone])
  }

  @Test("does not grow without end (L12)")
  func bounded() {
    let book = Book()
    for number in 0...ProblemBook.sizeMax { _ = book.note(.init(folder: inbox, message: "\(number)", reason: "r")) }
    #expect(!book.note(.init(folder: inbox, message: "0", reason: "r")))
    #expect(book.note(.init(folder: inbox, message: "\(ProblemBook.sizeMax)", reason: "r")))
  }
}
