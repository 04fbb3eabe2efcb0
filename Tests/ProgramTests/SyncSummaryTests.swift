import ArgumentParser
import Configuration
import Control
import Testing

@testable import martlet

@Suite("A sync's report in words")
struct SyncSummaryTests {
  @Test("counts what was done on both sides")
  func counts() {
    var report = AccountSyncReport(name: "work", seconds: 1.006)
    #expect(SyncSummary.line(report) == "work: nothing to do (1.01 s)")
    report.exitCode = 1
    #expect(SyncSummary.line(report) == "work: nothing done (1.01 s)", "an error is told above it")
    report.local.delivered = 2
    report.remote.copied = 1
    report.remote.flagged = 1
    #expect(SyncSummary.line(report) == "work: 3 new, 1 flag change, 0 deleted (1.01 s)")
    report.local.moved = 4
    report.foldersCreated = [FolderOnSide(side: .local, name: "A"), FolderOnSide(side: .local, name: "B")]
    report.foldersRemoved = [FolderOnSide(side: .local, name: "C")]
    #expect(
      SyncSummary.line(report)
        == "work: 3 new, 4 moved, 1 flag change, 0 deleted, 2 folders created, 1 folder removed (1.01 s)")
    report.error = "lost"
    #expect(SyncSummary.line(report) == "work: not synced (1.01 s)")
  }

  @Test("says why a folder that was named takes no part, as far as the configuration tells")
  func unknownFolder() throws {
    let text = """
      [accounts.a.remote]
      host = "imap.example.org"
      user = "me"
      password_command = "pass"
      [accounts.a.local]
      path = "/nowhere/mail"
      [accounts.a.folders]
      exclude = ["Spam"]
      rename = { "Sent Items" = "Sent" }
      """
    let rules = try Configuration.parse(text, file: "/nowhere/config.toml", home: nil).accounts.first?.folders
    #expect(SyncSummary.unknown("Spam", rules) == "this folder is left out: excluded by \"Spam\"")
    #expect(SyncSummary.unknown("Sent", rules).contains("what is called so here is Sent Items there"))
    #expect(SyncSummary.unknown("Other", rules) == "there is no such folder, neither here nor on the server")
  }

  @Test("says of the brake what was held, and what to type (L9)")
  func brake() {
    let held = HeldDeletions(folder: "Lists/x", side: .local, deletions: 30, total: 40, wholeFolder: false)
    #expect(
      SyncSummary.brake(held, account: "work") == """
        30 of 40 messages would be deleted (local); nothing was deleted. If that is meant: \
        martlet sync --allow-deletions work:Lists/x
        """)
    let late = HeldDeletions(
      folder: "x", side: .remote, deletions: 55, total: 100, wholeFolder: false, deleted: 40)
    #expect(
      SyncSummary.brake(late, account: "work").hasPrefix(
        "55 of 100 messages would be deleted (remote); 40 of them were deleted before it was held; no more will be. If that"
      ))
    let one = HeldDeletions(folder: "x", side: .local, deletions: 30, total: 30, wholeFolder: false, deleted: 1)
    #expect(SyncSummary.brake(one, account: "work").contains("; 1 of them was deleted before it was held;"))
    let whole = HeldDeletions(folder: "Old mail", side: .remote, deletions: 1, total: 1, wholeFolder: true)
    #expect(
      SyncSummary.brake(whole, account: "work") == """
        the folder is gone on the other side; this side (remote) has 1 message; nothing was deleted. \
        If that is meant: martlet sync --allow-deletions 'work:Old mail'
        """)
  }

  @Test("is not taken for an option where an account is called like one")
  func optionLikeName() throws {
    let held = HeldDeletions(folder: "x", side: .local, deletions: 30, total: 40, wholeFolder: false)
    #expect(SyncSummary.brake(held, account: "-v").hasSuffix("martlet sync --allow-deletions -- -v:x"))
    let command = try #require(
      try Martlet.parseAsRoot(["sync", "--allow-deletions", "--", "-v:x"]) as? SyncCommand)
    #expect(command.targets.map(\.account) == ["-v"])
  }

  @Test(
    "quotes a folder's name so that a shell takes it for a name (L12)",
    arguments: [
      ("a:INBOX", "a:INBOX"), ("a:Été", "a:Été"), ("a:x; rm -rf ~", "'a:x; rm -rf ~'"), ("a:it's", "'a:it'\\''s'"),
      ("a:$(x)", "'a:$(x)'"), ("a:b\u{1B}[2J", "'a:b\\u{1b}[2J'"), ("", "''"),
    ])
  func quoting(text: String, quoted: String) { #expect(SyncSummary.shellQuoted(text) == quoted) }
}
