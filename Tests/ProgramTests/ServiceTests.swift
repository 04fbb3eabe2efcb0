import Control
import Foundation
import Mail
import Support
import Testing

@Suite("martlet run as a service")
struct ServiceTests {
  @Test("tells when it is ready, what it does, that it lives and that it stops", arguments: [false, true])
  func life(isAbstract: Bool) async throws {
    let (home, socket) = try await prepared("service\(isAbstract)", isAbstract: isAbstract)
    let daemon = try home.start("run", environment: ["NOTIFY_SOCKET": socket.name, "WATCHDOG_USEC": "200000"])
    _ = try await socket.message(with: "READY=1")
    #expect(FileManager.default.fileExists(atPath: home.controlSocket))
    _ = try await socket.message(with: "STATUS=1 account: work watching (NOTIFY)")
    // Last, because they never end: what is told between two of them is passed over.
    for _ in 1...3 { _ = try await socket.message(with: "WATCHDOG=1") }
    daemon.signal(SIGTERM)
    _ = try await socket.message(with: "STOPPING=1")
    #expect(try await daemon.wait(within: .seconds(5)) == .exited(0))
  }

  @Test("opens nothing in the place of a standard descriptor that is closed")
  func closedDescriptors() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let socket = try NotifySocket(in: home.folder)
    let daemon = try ChildProcess(
      ["/bin/sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh", Home.program, "run"],
      environment: home.environment(["NOTIFY_SOCKET": socket.name]))
    _ = try await socket.message(with: "READY=1")
    for number in 0...2 {
      let link = try FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/\(daemon.identifier)/fd/\(number)")
      #expect(link == "/dev/null", "\(number)")
    }
    await daemon.stop()
  }

  @Test("is ready although no server is reached")
  func readyInOutage() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let socket = try NotifySocket(in: home.folder)
    let daemon = try home.start("run", environment: ["NOTIFY_SOCKET": socket.name])
    _ = try await socket.message(with: "READY=1")
    _ = try await socket.message(with: "STATUS=1 account: away waiting (not reached)")
    await daemon.stop()
  }

  @Test("reads the configuration again at SIGHUP: starts what is new, stops what is gone, leaves the rest alone")
  func reload() async throws {
    let (home, socket) = try await prepared("reload")
    let server = try await DovecotServer.shared()
    let one = Home.account("work", on: server, user: "reload")
    let both = one + Home.account("more", on: server, user: "reload2", path: "~/More")
    // Both from the beginning: for a Maildir elsewhere a confined process starts anew, see TwoProcessesTests.
    try home.configure(both)
    let daemon = try home.start("run", environment: ["NOTIFY_SOCKET": socket.name])
    for _ in 1...2 { _ = try await daemon.line(of: .errors) { $0.contains(": watching") } }
    _ = try await socket.message(with: "READY=1")
    try home.configure(one)
    daemon.signal(SIGHUP)
    let told = try await socket.message(with: "RELOADING=1")
    #expect(told.contains { $0.hasPrefix("MONOTONIC_USEC=") })
    _ = try await socket.message(with: "READY=1")
    #expect(try await home.status().accounts.map(\.name) == ["work"])
    try home.configure(both)
    daemon.signal(SIGHUP)
    _ = try await socket.message(with: "READY=1")
    _ = try await daemon.line(of: .errors) { $0.hasPrefix("more: watching") }
    #expect(try await home.status().accounts.map(\.name) == ["more", "work"])
    await daemon.stop()
    let watching = daemon.standardErrors.split(separator: "\n").filter { $0.hasPrefix("work: watching") }
    #expect(watching.count == 1, "the account that is as it was is not restarted")
  }

  @Test("keeps what it has where the new configuration is wrong, and says what is")
  func wrongReload() async throws {
    let (home, socket) = try await prepared("wrongreload")
    let daemon = try await home.startDaemon(environment: ["NOTIFY_SOCKET": socket.name])
    _ = try await socket.message(with: "READY=1")
    try home.configure("[accounts.work]\nnonsense = 1\n")
    daemon.signal(SIGHUP)
    _ = try await daemon.line(of: .errors) { $0.contains("config.toml:2: accounts.work.nonsense: expected") }
    _ = try await daemon.line(of: .errors) { $0 == "error: the configuration stays as it was" }
    _ = try await socket.message(with: "READY=1")
    #expect(try await home.status().accounts.first?.state == .watching)
    await daemon.stop()
  }

  @Test("tries at SIGHUP also what waits, as for a password's file that was mended")
  func mendedPassword() async throws {
    let server = try await DovecotServer.shared()
    let home = try Home()
    _ = try home.folder.makeFolder("secrets", mode: 0o700)
    let file = try home.folder.write("wrong\n", to: "secrets/password", mode: 0o600)
    try home.configure(
      Home.account("work", on: server, user: "mended").replacing(
        "password = \"\(server.password)\"", with: "password_file = \"\(file)\""))
    let daemon = try home.start("run")
    // The first retry may be at once.
    _ = try await daemon.line(of: .errors) { $0.contains("the next try is in") }
    try home.folder.write(server.password + "\n", to: "secrets/password", mode: 0o600)
    daemon.signal(SIGHUP)
    _ = try await daemon.line(of: .errors, within: .seconds(60)) { $0.hasPrefix("work: watching") }
    await daemon.stop()
  }

  @Test("syncs everything now at SIGUSR1")
  func syncNow() async throws {
    let (home, _) = try await prepared("usr1")
    let daemon = try await home.startDaemon("-vv")
    daemon.signal(SIGUSR1)
    _ = try await daemon.line(of: .errors) { $0.contains("syncing everything now") }
    _ = try await daemon.line(of: .errors) { $0.contains("work: syncing") }
    await daemon.stop()
  }

  @Test("is let do by its unit what it confines itself with, also where systemd has it in no set")
  func unit() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let unit = try String(contentsOf: root.appending(path: "config/martlet.service"), encoding: .utf8)
    let filter = try #require(unit.firstMatch(of: /\nSystemCallFilter=(.*)\n/)?.output.1)
    let calls = ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"]
    #expect(Set(calls).isSubset(of: Set(filter.split(separator: " ").map(String.init))))
  }

  @Test("writes for the journal where it writes to it, and as JSON where that is asked for")
  func logForms() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let journal = try await home.runInJournal("sync")
    #expect(journal.errors.hasPrefix("<3>error: away: "))
    // Also what is wrong with a configuration, each line of it.
    let missing = try await Home().runInJournal("sync")
    let lines = missing.errors.split(separator: "\n")
    #expect(lines.count > 3 && lines.allSatisfy { $0.hasPrefix("<3>") }, "\(missing.errors)")
    // What a service started inherits the variable, and writes elsewhere.
    let terminal = try await home.run("sync", environment: ["JOURNAL_STREAM": "8:1"])
    #expect(terminal.errors.hasPrefix("error: away: "))
    let json = try await home.run("sync", "--log-format", "json")
    let object = try JSONDecoder().decode([String: String].self, from: Data(json.errors.utf8))
    #expect(object["account"] == "away")
    #expect(object["level"] == "error")
    #expect(object.keys.sorted() == ["account", "level", "message", "time"])
  }

  private func prepared(_ user: String, isAbstract: Bool = false) async throws -> (Home, NotifySocket) {
    let server = try await DovecotServer.shared()
    let home = try Home()
    try home.configure(Home.account("work", on: server, user: user))
    return (home, try NotifySocket(in: home.folder, isAbstract: isAbstract))
  }
}
