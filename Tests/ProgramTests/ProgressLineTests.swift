import Control
import Ports
import Testing

@testable import martlet

@Suite("The live line")
struct ProgressLineTests {
  private let start = LoopInstant(nanoseconds: 0)

  @Test("says what is done of what is known, how fast, and how long it takes")
  func rate() {
    var line = ProgressLine()
    #expect(line.text() == "")
    line.update(progress(messages: 0, bytes: 0), at: start)
    #expect(line.text() == "1/4 folders, 0/100 messages: INBOX")
    line.update(progress(messages: 20, bytes: 2_000_000), at: start.advanced(by: .seconds(2)))
    #expect(line.text() == "1/4 folders, 20/100 messages, 2.0 MB, 1.0 MB/s, 8 s left: INBOX")
  }

  @Test("tells the rate of the last seconds, so that a stall shows")
  func stall() {
    var line = ProgressLine()
    line.update(progress(messages: 0, bytes: 0), at: start)
    line.update(progress(messages: 50, bytes: 5_000_000), at: start.advanced(by: .seconds(1)))
    for second in 2...20 {
      line.update(progress(messages: 50, bytes: 5_000_000), at: start.advanced(by: .seconds(second)))
    }
    #expect(line.text() == "1/4 folders, 50/100 messages, 5.0 MB: INBOX")
  }

  @Test("adds the accounts up")
  func accounts() {
    var line = ProgressLine()
    line.update(progress(messages: 1, bytes: 0, account: "a"), at: start)
    line.update(progress(messages: 2, bytes: 0, account: "b"), at: start)
    #expect(line.text() == "2/8 folders, 3/200 messages: INBOX")
  }

  @Test("stays a line, however many octets servers say that their messages have (L12)")
  func absurd() {
    var line = ProgressLine()
    for account in ["a", "b"] {
      let progress = SyncProgress(account: account, messages: (0, 2), bytes: (0, .max), folder: "INBOX")
      line.update(progress, at: start)
    }
    let later = SyncProgress(account: "b", messages: (1, 2), bytes: (1, .max), folder: "INBOX")
    line.update(later, at: start.advanced(by: .seconds(100_000)))
    #expect(line.text().hasSuffix("1 B, over 1000 h left: INBOX"))
    let all = SyncProgress(account: "b", messages: (2, 2), bytes: (.max, .max), folder: "INBOX")
    line.update(all, at: start.advanced(by: .seconds(100_000) + .milliseconds(500)))
    #expect(line.text().contains("TB/s"))
  }

  @Test(
    "has units that people read",
    arguments: [
      (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (999_949, "999.9 kB"), (999_960, "1.0 MB"),
      (41_200_000, "41.2 MB"),
    ])
  func bytes(count: Int, text: String) { #expect(Amount.bytes(count) == text) }

  @Test(
    "has times that people wait for",
    arguments: [
      (0.2, "1 s"), (89.5, "90 s"), (90, "2 min"), (5_399, "90 min"), (7_201, "3 h"), (3_600_000, "over 1000 h"),
    ])
  func seconds(seconds: Double, text: String) { #expect(Amount.seconds(seconds) == text) }

  @Test(
    "is cut to the terminal's width, whatever the folder is called",
    arguments: [
      ("short", 10, "short"), ("exactly 10", 10, "exactly 10"), ("one too long", 11, "one too lo…"),
      ("東京の郵便", 6, "東京…"), ("e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}e\u{301}"), ("abc", 1, "…"), ("abc", 0, ""),
    ])
  func width(text: String, width: Int, expected: String) {
    #expect(DisplayWidth.fitting(text, width) == expected)
    #expect(DisplayWidth.of(DisplayWidth.fitting(text, width)) <= width)
  }

  private func progress(messages: Int, bytes: Int, account: String = "a") -> SyncProgress {
    SyncProgress(
      account: account, folders: (1, 4), messages: (messages, 100), bytes: (bytes, bytes == 0 ? 0 : 10_000_000),
      folder: "INBOX")
  }
}
