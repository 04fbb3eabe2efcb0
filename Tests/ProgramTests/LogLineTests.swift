import Engine
import Foundation
import Logging
import Ports
import Testing

@testable import martlet

@Suite("Log lines and exit codes")
struct LogLineTests {
  @Test("name what they are about")
  func text() {
    let line = LogLine(level: .error, message: "full", metadata: ["account": "work", "folder": "INBOX"])
    #expect(line.text(colored: false) == "error: work: INBOX: full")
    #expect(line.text(colored: true) == "\u{1B}[31merror:\u{1B}[0m work: INBOX: full")
    #expect(LogLine(level: .notice, message: "stopping", metadata: [:]).text(colored: true) == "stopping")
  }

  @Test("are one JSON object each where that is asked for")
  func json() throws {
    let line = LogLine(level: .warning, message: "a \"b\"\nc", metadata: ["account": "work"])
    let text = line.json(at: "2026-01-02T03:04:05Z")
    #expect(!text.contains("\n"))
    let object = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    #expect(
      object == [
        "time": "2026-01-02T03:04:05Z", "level": "warning", "account": "work", "message": "a \"b\"\nc",
      ])
  }

  @Test(
    "carry syslog's priorities",
    arguments: [
      (Logger.Level.trace, 7), (.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3), (.critical, 2),
    ])
  func priority(level: Logger.Level, number: Int) {
    #expect(LogLine(level: level, message: "", metadata: [:]).priority == number)
  }

  @Test(
    "come from what failed",
    arguments: [
      (StoreError.Kind.unavailable, Int32(69)), (.refusedLogin, 77), (.untrusted, 77), (.noPassword, 77),
      (.needsPerson, 1), (.gone, 1),
      (.refused, 1),
      (.noSpace, 1), (.internalFault, 70), (.cancelled, 69), (.held, 75),
    ])
  func status(kind: StoreError.Kind, code: Int32) {
    #expect(ExitStatus(StoreError(.account, kind, "")).rawValue == code)
  }

  @Test("are stable as times, too")
  func timestamp() {
    #expect(Timestamp.text(1_767_323_045) == "2026-01-02T03:04:05Z")
    #expect(Timestamp.seconds("2026-01-02T03:04:05Z") == 1_767_323_045)
    #expect(Timestamp.seconds("yesterday") == nil)
  }
}
