import Control
import Testing

@testable import martlet

@Suite("The status in words")
struct StatusTextTests {
  @Test(
    "names no time that is over for the next try",
    arguments: [
      ("2001-02-03T04:05:06Z", "tried 2 times, next try at the next pass", "next try now"),
      ("2999-02-03T04:05:06Z", "tried 2 times, next try 2999-02-0", "next try 2999-02-0"),
    ])
  func retries(at time: String, message: String, account: String) {
    var status = AccountStatus(
      name: "work", local: "~/Mail", remote: "imap.example.org", state: .waiting, retryAt: time)
    status.folders = [
      FolderStatus(
        name: "INBOX", localName: "INBOX", messages: 1,
        setAside: [SetAsideStatus(side: .local, message: "x", reason: "too big", attempts: 2, retryAt: time)])
    ]
    let text = StatusText.of(StatusReport(daemon: nil, accounts: [status]))
    #expect(text.contains(message), "\(text)")
    #expect(text.contains("work: waiting, " + account), "\(text)")
  }
}
