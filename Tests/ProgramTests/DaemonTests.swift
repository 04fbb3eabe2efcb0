import Control
import Foundation
import Mail
import Support
import Testing

@Suite("martlet run")
struct DaemonTests {
  @Test("carries new mail over as it comes, both ways")
  func pushes() async throws {
    let (home, client) = try await Home.prepared("push")
    let daemon = try await home.startDaemon()
    try await client.append(letter("down"))
    _ = try await daemon.line(of: .errors) { $0 == "work: INBOX: local: 1 new" }
    try MaildirFolder(path: home.maildir + "/INBOX").deliver(Array("Subject: up\n\nbody\n".utf8))
    _ = try await daemon.line(of: .errors) { $0 == "work: INBOX: remote: 1 new" }
    #expect(try await client.status().messages == 2)
    await daemon.stop()
  }

  @Test("stops in an orderly way", arguments: [SIGTERM, SIGINT])
  func stops(signal: Int32) async throws {
    let (home, _) = try await Home.prepared("stop\(signal)")
    let daemon = try await home.startDaemon()
    daemon.signal(signal)
    #expect(try await daemon.wait(within: .seconds(5)) == .exited(0))
    #expect(!FileManager.default.fileExists(atPath: home.controlSocket))
  }

  @Test(
    "keeps a signal that comes in its first moment until it is up",
    arguments: [
      ("USR1", "syncing everything now, as asked by SIGUSR1"), ("HUP", "reading the configuration again"),
      ("TERM", nil),
    ])
  func earlySignal(signal: String, told: String?) async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    // Main's first system call but for the holding of signals; martlet is the child, and strace is not.
    let strace = [
      "strace", "-D", "-qq", "-o", "/dev/null", "-e", "trace=umask", "-e", "inject=umask:signal=\(signal):when=1",
    ]
    let daemon = try ChildProcess(strace + [Home.program, "run"], environment: home.environment())
    if let told {
      _ = try await daemon.line(of: .errors) { $0.contains(told) }
      daemon.signal(SIGTERM)
    }
    #expect(try await daemon.wait(within: .seconds(5)) == .exited(0), "\(daemon.standardErrors)")
  }

  @Test("stops while its server is not reached")
  func stopsInOutage() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let daemon = try home.start("run")
    _ = try await daemon.line(of: .errors) { $0.contains("the next try is") }
    daemon.signal(SIGTERM)
    #expect(try await daemon.wait(within: .seconds(5)) == .exited(0))
  }

  @Test("says a problem once, and that it is over")
  func recovers() async throws {
    try await DovecotServer.running { server in
      let home = try Home()
      try home.configure(Home.account("work", on: server, user: "anna"))
      let daemon = try await home.startDaemon()
      await server.stop()
      _ = try await daemon.line(of: .errors) { $0.hasPrefix("error: work: ") }
      try await server.start()
      daemon.signal(SIGUSR1)
      _ = try await daemon.line(of: .errors, within: .seconds(60)) { $0 == "work: recovered" }
      await daemon.stop()
      let errors = daemon.standardErrors.split(separator: "\n").filter { $0.hasPrefix("error:") }
      #expect(Set(errors).count == errors.count, "\(daemon.standardErrors)")
    }
  }

  @Test("runs once for an account; the second says who was first and ends with 75")
  func secondInstance() async throws {
    let (home, _) = try await Home.prepared("second")
    let daemon = try await home.startDaemon()
    let second = try await home.run("run")
    #expect(second.ending == .exited(75))
    #expect(second.errors.contains("another martlet (process \(daemon.identifier)) holds the account"))
    await daemon.stop()
  }

  @Test("waits for a ledger that another program has locked, and sync ends with 75")
  func lockedLedger() async throws {
    let (home, _) = try await Home.prepared("locked")
    #expect(try await home.run("sync").ending == .exited(0))
    let descriptor = try FileHandle(forUpdating: URL(filePath: home.stateDirectory + "/work/ledger.sqlite"))
    // SQLite's locks: a byte each for who waits, who will write, and many for who reads.
    var lock = flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0x4000_0000, l_len: 512, l_pid: 0)
    #expect(unsafe fcntl(descriptor.fileDescriptor, F_SETLK, &lock) == 0)
    #expect(try await home.run("sync").ending == .exited(75))
    let daemon = try home.start("run")
    _ = try await daemon.line(of: .errors) { $0.contains("Another program has it open; it is tried again.") }
    #expect(try await home.status().accounts.first?.cause == "held by another")
    lock.l_type = Int16(F_UNLCK)
    #expect(unsafe fcntl(descriptor.fileDescriptor, F_SETLK, &lock) == 0)
    _ = try await daemon.line(of: .errors) { $0.contains("watching ") }
    await daemon.stop()
  }

  @Test("leaves a sync alone that is not for it, where the account is held by another state (L3)")
  func held() async throws {
    let (home, _) = try await Home.prepared("held")
    let daemon = try await home.startDaemon()
    try FileManager.default.removeItem(atPath: home.controlSocket)
    let result = try await home.run("sync")
    #expect(result.ending == .exited(75))
    await daemon.stop()
  }

  @Test("is found by commands whose environment has the socket elsewhere", arguments: ["elsewhere", "missing"])
  func otherRuntimeDirectory(name: String) async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    _ = try home.folder.makeFolder("elsewhere", mode: 0o700)
    let daemon = try home.start("run")
    for _ in 1...2 { _ = try await daemon.line(of: .errors) { $0.contains("away") } }
    let environment = ["XDG_RUNTIME_DIR": home.folder.appending(name)]
    let status = try await home.run("status", environment: environment)
    #expect(status.output.hasPrefix("martlet 0.1.0, process \(daemon.identifier), "), "\(status.output)")
    #expect(try await home.run("sync", environment: environment).ending == .exited(69))
    await daemon.stop()
  }

  @Test("is waited for where it has its accounts and does not listen yet", arguments: ["sync", "status", "doctor"])
  func notListeningYet(command: String) async throws {
    let (home, _) = try await Home.prepared("soon-\(command)")
    let daemon = try await home.startDaemon()
    let hidden = home.controlSocket + ".hidden"
    try FileManager.default.moveItem(atPath: home.controlSocket, toPath: hidden)
    let caller = try home.start(command, "-v", "--json")
    _ = try await caller.line(of: .errors) { $0.contains("the daemon does not listen on") }
    try FileManager.default.moveItem(atPath: hidden, toPath: home.controlSocket)
    #expect(try await caller.wait() == .exited(0), "\(caller.standardErrors)")
    // Of a sync that it makes the daemon tells, and not the command.
    #expect(command == "sync" || caller.standardOutput.contains("\"pid\" : \(daemon.identifier)"))
    #expect(!caller.standardErrors.contains("watching"))
    await daemon.stop()
    let after = try await home.run(command, "-v")
    #expect(!after.errors.contains("does not listen"), "nobody waits for a daemon that has ended")
  }

  @Test("makes the pass that sync asks for, and sync reports it")
  func handsOver() async throws {
    let (home, client) = try await Home.prepared("handover")
    let daemon = try await home.startDaemon()
    let nothing = try await home.run("sync")
    #expect(nothing.ending == .exited(0), "\(nothing.errors)")
    #expect(nothing.output.hasPrefix("work: nothing to do"))
    let unknown = try await home.run("sync", "work:Nowhere")
    #expect(unknown.ending == .exited(64))
    #expect(unknown.errors.contains("Nowhere"))
    try await client.create(try #require(FolderName("Made")))
    let dry = try await home.run("sync", "--dry-run", "--json")
    let report = try ControlWire.value(SyncReport.self, from: Array(dry.output.utf8))
    #expect(report.dryRun)
    #expect(daemon.isRunning)
    await daemon.stop()
  }

  @Test("tries at once what waits, when a sync asks for it, and says why it fails")
  func handsOverInOutage() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let daemon = try home.start("run")
    // The first retry is at once; from the second on there is a wait.
    for _ in 1...2 { _ = try await daemon.line(of: .errors) { $0.contains("away") } }
    let result = try await home.run("sync")
    #expect(result.ending == .exited(69))
    #expect(result.errors.contains("refused"))
    await daemon.stop()
  }

  @Test("tells its status, and each change of it")
  func status() async throws {
    let (home, client) = try await Home.prepared("daemonstatus")
    let daemon = try await home.startDaemon()
    let status = try await home.status()
    #expect(status.daemon?.pid == daemon.identifier)
    #expect(status.daemon?.release == "0.1.0")
    let account = try #require(status.accounts.first)
    #expect(account.state == .watching)
    #expect(account.folders.first?.watch == "NOTIFY")
    #expect(account.folders.first?.localWatch == "inotify")
    let watch = try home.start("status", "--watch", "--json")
    _ = try await watch.line { $0.contains(#""messages":0"#) }
    try await client.append(letter("one"))
    _ = try await watch.line { $0.contains(#""messages":1"#) }
    await daemon.stop()
    #expect(try await watch.wait(within: .seconds(10)) == .exited(69))
    #expect(watch.standardErrors.contains("the daemon has stopped"))
  }

  @Test(
    "tells a watcher on a terminal that it has stopped where that is not wiped away",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "there is no script"))
  func watchedOnTerminal() async throws {
    let (home, _) = try await Home.prepared("terminal")
    let daemon = try await home.startDaemon()
    let watch = try ChildProcess(
      ["/usr/bin/script", "-qec", "\(Home.program) status --watch", "/dev/null"],
      environment: home.environment(["TERM": "xterm"]))
    _ = try await watch.line { $0.contains("work: ") }
    await daemon.stop()
    _ = try await watch.wait()
    let (screen, word) = ("\u{1B}[?1049l", "the daemon has stopped")
    let left = try #require(watch.standardOutput.range(of: screen))
    let told = try #require(watch.standardOutput.range(of: word))
    #expect(left.upperBound < told.lowerBound)
  }

  @Test("that was stopped keeps nobody waiting for ever, and one who is told to stop says nothing untrue")
  func suspended() async throws {
    let (home, _) = try await Home.prepared("suspended")
    let daemon = try await home.startDaemon()
    daemon.pause()
    async let sync = home.run("sync")
    let status = try await home.run("status")
    #expect(status.ending == .exited(69))
    #expect(status.errors.hasPrefix("error: martlet does not answer on its control socket: it is stopped, or hangs"))
    let result = try await sync
    #expect(result.ending == .exited(75))
    #expect(result.errors.contains("does not answer"), "\(result.errors)")
    let stopped = try home.start("status")
    // Given time to ask; earlier it would say as little.
    try await Task.sleep(for: .milliseconds(500))
    stopped.signal(SIGTERM)
    #expect(try await stopped.wait() == .killed(signal: SIGTERM))
    #expect(stopped.standardErrors.isEmpty)
    daemon.resume()
    await daemon.stop()
  }
}
