import Control
import Foundation
import Mail
import Support
import Testing

@Suite("martlet sync")
struct SyncTests {
  @Test("brings both sides in line, says what it did, and then has nothing to do (L2)")
  func summary() async throws {
    let (home, client) = try await Home.prepared("summary")
    try await client.append(contentsOf: (1...3).map { .init(letter("\($0)")) })
    let first = try await home.run("sync")
    #expect(first.ending == .exited(0), "\(first.errors)")
    #expect(
      first.output.wholeMatch(of: /work: 3 new, 0 flag changes, 0 deleted, 1 folder created \(\d+\.\d\d s\)\n/) != nil,
      "\(first.output)")
    #expect(first.errors.isEmpty)
    let second = try await home.run("sync")
    #expect(second.output.wholeMatch(of: /work: nothing to do \(\d+\.\d\d s\)\n/) != nil, "\(second.output)")
    let quiet = try await home.run("sync", "-q")
    #expect(quiet.ending == .exited(0))
    #expect(quiet.output.isEmpty && quiet.errors.isEmpty)
  }

  @Test(
    "draws no line on a terminal where it is to be quiet, is read by a program, or is told nothing of the terminal",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "there is no script"),
    arguments: [("-q", "xterm"), ("--log-format json", "xterm"), ("", ""), ("", "dumb")])
  func plainTerminal(option: String, terminal: String) async throws {
    let (home, client) = try await Home.prepared("plain\(option.count)-\(terminal)")
    try await client.append(contentsOf: (1...3).map { .init(letter("\($0)")) })
    let result = try await ChildProcess.run(
      ["/usr/bin/script", "-qec", "\(Home.program) sync \(option)", "/dev/null"],
      environment: home.environment(["TERM": terminal]))
    #expect(result.ending == .exited(0))
    #expect(!result.output.contains("\u{1B}"), "\(result.output)")
    #expect(result.output.isEmpty == (option == "-q"), "\(result.output)")
  }

  @Test("reports as JSON")
  func json() async throws {
    let (home, client) = try await Home.prepared("json")
    try await client.append(letter("one"))
    let result = try await home.run("sync", "--json", "work:INBOX")
    let report = try ControlWire.value(SyncReport.self, from: Array(result.output.utf8))
    #expect(report.exitCode == 0)
    #expect(!report.dryRun)
    let account = try #require(report.accounts.first)
    #expect(account.name == "work")
    #expect(account.local.delivered == 1)
    #expect(account.remote == SideCounts())
    #expect(account.foldersCreated == [FolderOnSide(side: .local, name: "INBOX")])
  }

  @Test("shows what is said to the server at -vv, without the password (L13), and only there")
  func protocolLog() async throws {
    let server = try await DovecotServer.shared()
    let (home, client) = try await Home.prepared("trace")
    try await client.append(letter("one"))
    let traced = try await home.run("sync", "-vv")
    #expect(traced.ending == .exited(0), "\(traced.errors)")
    #expect(traced.errors.contains(/work: \S+ 1 C: m\d+ (LOGIN|AUTHENTICATE PLAIN) \*\*\*\n/))
    #expect(traced.errors.contains(/work: INBOX: \S+ \d+ S: \* 1 FETCH .*BODY\[\] \{\d+\}/), "\(traced.errors)")
    #expect(!traced.errors.contains(server.password))
    let plain = try await home.run("sync", "-v")
    #expect(!plain.errors.contains(" C: "))
  }

  @Test("prints a plan and changes nothing on a dry run")
  func dryRun() async throws {
    let (home, client) = try await Home.prepared("dry")
    try await client.append(letter("first"))
    #expect(try await home.run("sync").ending == .exited(0))
    try await client.append(letter("second"))
    let before = try files(in: home.maildir)
    let result = try await home.run("sync", "--dry-run")
    #expect(result.ending == .exited(0))
    #expect(result.output == "work: copy remote INBOX UID 2 to local INBOX\n")
    #expect(result.errors.contains("work: 1 step, none taken"))
    #expect(try files(in: home.maildir) == before)
  }

  @Test("plans the first sync and does not make the Maildir on a dry run")
  func dryRunBeforeFirstSync() async throws {
    let (home, client) = try await Home.prepared("dryfirst")
    try await client.append(letter("first"))
    let result = try await home.run("sync", "--dry-run")
    #expect(result.ending == .exited(0), "\(result.errors)")
    #expect(result.output == "work: create local folder INBOX\nwork: copy remote INBOX UID 1 to local INBOX\n")
    #expect(!FileManager.default.fileExists(atPath: home.maildir))
  }

  @Test("names a folder that is not there, with 64")
  func unknownFolder() async throws {
    let (home, _) = try await Home.prepared("unknown")
    let result = try await home.run("sync", "work:Nowhere")
    #expect(result.ending == .exited(64))
    #expect(result.errors.contains("work: Nowhere: there is no such folder"))
  }

  @Test("holds back a mass deletion, says what to type, and does it then (L9)")
  func brake() async throws {
    let (home, client) = try await Home.prepared("brake")
    try await client.append(contentsOf: (1...30).map { .init(letter("\($0)")) })
    #expect(try await home.run("sync").ending == .exited(0))
    for name in try FileManager.default.contentsOfDirectory(atPath: home.maildir + "/INBOX/new") {
      try FileManager.default.removeItem(atPath: home.maildir + "/INBOX/new/" + name)
    }
    let held = try await home.run("sync")
    #expect(held.ending == .exited(1))
    #expect(held.errors.contains("work: INBOX: 30 of 30 messages would be deleted (remote); nothing was deleted."))
    #expect(held.errors.contains("martlet sync --allow-deletions work:INBOX"))
    #expect(try await client.status().messages == 30)
    let allowed = try await home.run("sync", "--allow-deletions", "work:INBOX")
    #expect(allowed.ending == .exited(0), "\(allowed.errors)")
    #expect(allowed.output.contains("30 deleted"))
    #expect(try await client.status().messages == 0)
  }

  @Test("stops at a signal that stops others, and ends by it", arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1])
  func terminated(signal: Int32) async throws {
    let home = try Home()
    // A tunnel that says nothing keeps the login waiting.
    try home.configure(
      """
      [accounts.slow.remote]
      tunnel = "cat"
      [accounts.slow.local]
      path = "~/Mail"
      """)
    let sync = try home.start("sync", "-v")
    _ = try await sync.line(of: .errors) { $0.contains("connecting") }
    sync.signal(signal)
    #expect(try await sync.wait(within: .seconds(10)) == .killed(signal: signal))
  }

  private func files(in directory: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: directory).sorted()
  }
}
