import Mail
import Testing

@testable import martlet

@Suite("Options before the command")
struct ArgumentOrderTests {
  @Test(
    "are read as if they stood behind it",
    arguments: [
      (["-c", "F", "sync", "a"], ["sync", "-c", "F", "a"]),
      (["-vv", "--state-dir=D", "run"], ["run", "-vv", "--state-dir=D"]),
      (["sync", "-c", "F"], ["sync", "-c", "F"]),
      (["--log-format", "json", "status"], ["status", "--log-format", "json"]),
      // The value of an option is not the command, even where it is called like one.
      (["-c", "sync", "status"], ["status", "-c", "sync"]), (["-h"], ["-h"]), ([], []),
      (["--", "sync"], ["--", "sync"]),
      (["--generate-completion-script", "bash"], ["--generate-completion-script", "bash"]),
      (["-c"], ["-c"]), (["-vc", "F", "sync"], ["sync", "-vc", "F"]), (["-vq", "sync"], ["sync", "-vq"]),
    ])
  func order(given: [String], expected: [String]) {
    #expect(ArgumentOrder.commandFirst(given) == expected)
  }

  @Test("do not hide what is to be synced")
  func selections() throws {
    let inbox = FolderName.inbox
    let lists = try #require(FolderName("Lists/a:b"))
    let targets = try ["b", "a:inbox", "a:Lists/a:b", "b:INBOX"].map { try #require(AccountTarget(argument: $0)) }
    #expect(
      AccountSelection.merged(targets) == [
        AccountSelection(name: "b", folders: nil), AccountSelection(name: "a", folders: [inbox, lists]),
      ])
    let later = try ["a:INBOX", "a"].map { try #require(AccountTarget(argument: $0)) }
    #expect(AccountSelection.merged(later) == [AccountSelection(name: "a", folders: nil)])
    for wrong in ["", ":INBOX", "a:", "a:x//y"] { #expect(AccountTarget(argument: wrong) == nil, "\(wrong)") }
  }
}
