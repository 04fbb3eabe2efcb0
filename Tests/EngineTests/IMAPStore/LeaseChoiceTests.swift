import IMAP
import Testing

@testable import Engine

@Suite("Choosing a connection")
struct LeaseChoiceTests {
  private static let inbox = MailboxName.inbox
  private static let other = MailboxName("Other") ?? .inbox
  private static let watcher = LeaseChoice.Member(selected: inbox, isWatcher: true)
  private static let worker = LeaseChoice.Member(selected: other)
  private static let busy = LeaseChoice.Member(selected: other, isLeased: true)
  private static let uploading = LeaseChoice.Member(isLeased: true, isUploading: true)

  struct Case: Sendable {
    let name: String
    let mailbox: MailboxName?
    let weight: WorkWeight
    let members: [LeaseChoice.Member]
    let budget: Int
    let expected: LeaseChoice
  }

  static let cases = [
    Case(
      name: "who watches a folder works on it", mailbox: inbox, weight: .light, members: [worker, watcher], budget: 5,
      expected: .take(1)),
    Case(
      name: "bulk leaves the watcher alone", mailbox: inbox, weight: .bulk, members: [watcher, worker], budget: 5,
      expected: .take(1)),
    Case(
      name: "bulk opens a connection rather than taking the watcher", mailbox: inbox, weight: .bulk,
      members: [watcher], budget: 5, expected: .open),
    Case(
      name: "bulk takes its folder's watcher where there is nothing else", mailbox: inbox, weight: .bulk,
      members: [watcher, busy], budget: 2, expected: .take(0)),
    Case(
      name: "another folder's watcher is not for work", mailbox: other, weight: .light, members: [watcher, busy],
      budget: 2, expected: .wait),
    Case(
      name: "but where there is no room for workers", mailbox: other, weight: .light, members: [watcher], budget: 1,
      expected: .take(0)),
    Case(
      name: "the connection that has the folder open comes first", mailbox: other, weight: .light,
      members: [LeaseChoice.Member(), worker], budget: 5, expected: .take(1)),
    Case(
      name: "then one with none open", mailbox: inbox, weight: .light, members: [worker, LeaseChoice.Member()],
      budget: 5, expected: .take(1)),
    Case(
      name: "the budget is kept", mailbox: inbox, weight: .light, members: [busy], budget: 1, expected: .wait),
    Case(
      name: "uploads leave a connection to the others", mailbox: inbox, weight: .upload,
      members: [uploading, worker], budget: 2, expected: .wait),
    Case(
      name: "and the others leave one to uploads", mailbox: inbox, weight: .bulk, members: [busy, worker], budget: 2,
      expected: .wait),
    Case(
      name: "the one that is left is for the other direction", mailbox: inbox, weight: .upload,
      members: [busy, worker], budget: 2, expected: .take(1)),
    Case(
      name: "with one connection both take turns", mailbox: inbox, weight: .upload, members: [worker], budget: 1,
      expected: .take(0)),
  ]

  @Test("goes by who watches, what is open and what is left", arguments: cases)
  func choose(example: Case) {
    let choice = LeaseChoice.choose(
      for: example.mailbox, example.weight, among: example.members, opening: 0, budget: example.budget)
    #expect(choice == example.expected, "\(example.name)")
  }

  @Test("counts connections that are being opened")
  func opening() {
    #expect(LeaseChoice.choose(for: nil, .light, among: [], opening: 1, budget: 1) == .wait)
    #expect(LeaseChoice.choose(for: nil, .light, among: [], opening: 0, budget: 1) == .open)
  }
}
