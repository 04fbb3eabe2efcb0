import Control
import Disk
import Mail
import Maildir
import Testing

@testable import martlet

@Suite("What the doctor says")
struct DoctorTextTests {
  private static let leftover = DoctorFinding.mendable(.leftover, "~/Mail/INBOX/tmp/x", "given up", "remove it")
  private static let ledger = DoctorFinding.mendable(.ledger, "l.sqlite", "the ledger is damaged", "set it aside")
  private static let server = DoctorFinding.problem(.server, "work", "refused", "martlet check work tries it again")

  private static func report(_ findings: [DoctorFinding], fix: Bool = false) -> DoctorReport {
    DoctorReport(
      fix: fix, accounts: [.init(name: "work", local: "~/Mail", remote: "imap.example.org", findings: findings)])
  }

  @Test("is one line for each finding, and one for what helps")
  func lines() {
    var report = Self.report([Self.leftover, .note(.leftOut, "~/Mail/Link", "left out: a symbolic link")])
    report.accounts[0].fine = ["the ledger is whole: 1 folder, 2 messages"]
    #expect(
      DoctorText.of(report) == """
        no daemon answers

        work: ~/Mail <-> imap.example.org
          fine     the ledger is whole: 1 folder, 2 messages
          problem  ~/Mail/INBOX/tmp/x: given up
                   remove it
          note     ~/Mail/Link: left out: a symbolic link

        1 problem; martlet doctor --fix mends that
        """)
  }

  @Test("tells at the end what is left", arguments: [false, true])
  func verdict(fix: Bool) {
    #expect(DoctorText.verdict(Self.report([])) == "nothing is wrong")
    #expect(DoctorText.verdict(Self.report([.note(.root, "a", "b")])) == "nothing is wrong")
    #expect(DoctorText.verdict(Self.report([Self.leftover.mended()])) == "all mended (1)")
    #expect(
      DoctorText.verdict(Self.report([Self.leftover, Self.server])) == "2 problems; martlet doctor --fix mends 1")
    #expect(DoctorText.verdict(Self.report([Self.leftover.mended(), Self.server])) == "1 mended; 1 problem left")
  }

  @Test("says why something was not mended")
  func failed() {
    let text = DoctorText.of(Self.report([Self.leftover.failed("read-only\u{1B}")], fix: true))
    #expect(text.contains("problem  ~/Mail/INBOX/tmp/x: given up\n           not mended: read-only\\u{1b}\n"))
  }

  @Test("is an exit code: 0 nothing or all mended, 1 something left, 75 another martlet is in the way")
  func status() {
    #expect(Self.report([]).status == .success)
    #expect(Self.report([.note(.root, "a", "b"), Self.leftover.mended()]).status == .success)
    #expect(Self.report([Self.leftover]).status == .incomplete)
    #expect(Self.report([Self.leftover.failed("no")]).status == .incomplete)
    #expect(Self.report([Self.server, Self.ledger.held("the daemon")]).status == .temporaryFailure)
  }

  @Test("of the kernel's limits counts what others use, and names the setting")
  func watches() throws {
    let limits = InotifyLimits(watches: 100, instances: 3)
    let need = InotifyUse(watches: 60, instances: 1)
    let fine = WatchCheckup.findings(need: need, others: InotifyUse(watches: 40, instances: 2), limits: limits)
    #expect(fine.isEmpty)
    let findings = WatchCheckup.findings(need: need, others: InotifyUse(watches: 41, instances: 3), limits: limits)
    #expect(findings.map(\.subject) == ["fs.inotify.max_user_watches", "fs.inotify.max_user_instances"])
    #expect(findings.map(\.isOpen) == [true, true])
    #expect(findings.first?.remedy?.contains("sysctl fs.inotify.max_user_watches=202") == true)
    let unknown = InotifyLimits(watches: nil, instances: nil)
    #expect(WatchCheckup.findings(need: need, others: InotifyUse(), limits: unknown).isEmpty)
  }

  @Test("of what is set aside is said once, and what the brake holds is no deletion to come (L9)")
  func comparison() {
    var account = AccountSyncReport(name: "work", seconds: 1)
    account.planned = [
      PlannedSteps(folder: "INBOX", side: .remote, kind: "delete", count: 30),
      PlannedSteps(folder: "Lists", side: .remote, kind: "delete", count: 1),
      PlannedSteps(folder: "INBOX", side: .local, kind: "copy", count: 2),
    ]
    account.held = [HeldDeletions(folder: "INBOX", side: .remote, deletions: 30, total: 40, wholeFolder: false)]
    account.problems = [
      SyncProblem(folder: "INBOX", message: "local x", reason: "too big"),
      SyncProblem(folder: "INBOX", message: "local y", reason: "too big"),
    ]
    let aside = SetAsideStatus(side: .local, message: "x", reason: "too big", attempts: 1, retryAt: "later")
    let findings = ComparisonCheckup.findings(account, known: [aside])
    #expect(findings.map(\.kind) == ["brake", "out-of-sync", "out-of-sync", "sync"])
    #expect(findings.map(\.subject) == ["INBOX", "Lists", "INBOX", "INBOX local y"])
    #expect(findings.map(\.isOpen) == [true, true, false, true])
  }

  @Test("of each thing in a Maildir tells what, where, and whether it can be mended")
  func maildir() throws {
    let red = try #require(Keyword("red"))
    let findings: [MaildirFinding] = [
      .incomplete(.inbox, missing: ["tmp"], absent: 0), .incomplete(.inbox, missing: ["cur"], absent: 3),
      .leftover(Leftover(path: "INBOX/tmp/x", ageSeconds: 200_000, isOurs: false)),
      .unreadableKeywords(.inbox, path: "INBOX/dovecot-keywords", reason: "not a file"),
      .keywordsBeyondLetters(path: "INBOX/dovecot-keywords", count: 2),
      .repeatedKeywords(path: "INBOX/dovecot-keywords", [red]),
      .unknownKeywordLines(path: "INBOX/dovecot-keywords", count: 1), .leftOut(directory: "L", reason: "a link"),
      .overdue(count: 1),
    ]
    let said = findings.map { $0.inWords(below: "~/Mail") }
    #expect(said.map(\.mendable) == findings.map(\.isMendable))
    #expect(said.map(\.isOpen) == [true, true, true, true, false, false, false, false, false])
    #expect(said[1].text.contains("3 messages"))
    #expect(said[2].subject == "~/Mail/INBOX/tmp/x")
    #expect(said[2].text.contains("56 h"))
    #expect(said[5].text.contains("red"))
  }

  @Test("shows no text that turns the direction of writing, wherever it comes from (L12)")
  func printableReasons() {
    let turned = "A\u{202E}gpj"
    let findings: [MaildirFinding] = [
      .unreadableKeywords(.inbox, path: turned, reason: "read \(turned): too long"),
      .unusable(directory: turned, reason: "open \(turned): no"), .leftOut(directory: turned, reason: "no \(turned)"),
    ]
    for finding in findings.map({ $0.inWords(below: "~/Mail") }) {
      let texts = [finding.subject, finding.text, finding.remedy ?? ""]
      #expect(!texts.joined().unicodeScalars.contains("\u{202E}"), "\(finding)")
    }
  }
}
