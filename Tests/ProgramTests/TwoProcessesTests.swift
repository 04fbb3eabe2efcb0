import CLinux
import Control
import Foundation
import Mail
import Support
import Testing

/// `martlet run` and `martlet sync` where the kernel has Landlock: an outer process, and an inner one that is confined.
@Suite("martlet, confined", .enabled(if: clinux_landlock_version() >= 2, "this kernel has no Landlock"))
struct
  TwoProcessesTests
{
  @Test("gives up its rights in every thread of the process that talks to servers, and leaves no core dump (L13)")
  func confined() async throws {
    let (home, client) = try await Home.prepared("confined")
    let daemon = try await home.startDaemon("-v")
    #expect(daemon.standardErrors.contains("confined to the configured directories"))
    #expect(!daemon.standardErrors.contains("is not there yet"))
    // With mail carried over, all the threads are there that there will be.
    try await client.append(letter("one"))
    _ = try await daemon.line(of: .errors) { $0.hasSuffix("work: INBOX: local: 1 new") }
    let inner = try Process.inner(of: daemon)
    let threads = try Process.threads(of: inner)
    #expect(!threads.isEmpty)
    for thread in threads { #expect(try Process.value("NoNewPrivs", in: "\(inner)/task/\(thread)/status") == "1") }
    #expect(try Process.value("NoNewPrivs", in: "\(daemon.identifier)/status") == "0")
    let limits = try String(contentsOfFile: "/proc/\(inner)/limits", encoding: .utf8)
    #expect(limits.contains(#/Max core file size +0\b/#))
    await daemon.stop()
  }

  /// libdispatch's would wake it up every second.
  @Test("has no threads but its own")
  func threads() async throws {
    let (home, client) = try await Home.prepared("threads")
    let daemon = try await home.startDaemon("-v")
    try await client.append(letter("one"))
    _ = try await daemon.line(of: .errors) { $0.hasSuffix("work: INBOX: local: 1 new") }
    for process in [daemon.identifier, try Process.inner(of: daemon)] {
      for thread in try Process.threads(of: process) {
        #expect(try Process.value("Name", in: "\(process)/task/\(thread)/status")?.hasPrefix("martlet") == true)
      }
    }
    await daemon.stop()
  }

  @Test("is one program to others: neither process outlives the other", arguments: [true, false])
  func killed(isOuter: Bool) async throws {
    let (home, _) = try await Home.prepared("killed\(isOuter)")
    let daemon = try await home.startDaemon()
    kill(isOuter ? daemon.identifier : try Process.inner(of: daemon), SIGKILL)
    #expect(try await daemon.wait() == .killed(signal: SIGKILL))
    // Whoever comes next waits for a holder that is dying, and for no other.
    let result = try await home.run("sync")
    #expect(result.ending == .exited(0), "\(result.errors)")
    #expect(daemon.groupIsGone)
  }

  @Test("stops in an orderly way where both processes are told, as by Ctrl-C", arguments: [SIGINT, SIGTERM])
  func stopped(signal: Int32) async throws {
    let (home, _) = try await Home.prepared("both\(signal)")
    let daemon = try await home.startDaemon()
    kill(-daemon.identifier, signal)
    #expect(try await daemon.wait(within: .seconds(10)) == .exited(0))
    #expect(!FileManager.default.fileExists(atPath: home.controlSocket))
  }

  @Test("ends at once at a second signal, also where the inner process hears of nothing any more")
  func deaf() async throws {
    let (home, _) = try await Home.prepared("deaf")
    let daemon = try await home.startDaemon()
    // As one that hangs in a system call.
    kill(try Process.inner(of: daemon), SIGSTOP)
    daemon.signal(SIGTERM)
    daemon.signal(SIGINT)
    let ending = try await daemon.wait(within: .seconds(10))
    #expect([.killed(signal: SIGINT), .killed(signal: SIGTERM)].contains(ending))
    #expect(daemon.groupIsGone)
  }

  @Test("starts anew for a Maildir that it was not given, under the same number, and loses no signal meanwhile")
  func wider() async throws {
    let (home, _) = try await Home.prepared("wider")
    let server = try await DovecotServer.shared()
    let socket = try NotifySocket(in: home.folder)
    let elsewhere = try TemporaryDirectory("elsewhere")
    let daemon = try await home.startDaemon(environment: ["NOTIFY_SOCKET": socket.name])
    _ = try await socket.message(with: "READY=1")
    let inner = try Process.inner(of: daemon)
    try home.configure(
      Home.account("work", on: server, user: "wider")
        + Home.account("more", on: server, user: "wider2", path: elsewhere.appending("Mail")))
    daemon.signal(SIGHUP)
    _ = try await socket.message(with: "RELOADING=1")
    _ = try await socket.message(with: "READY=1")
    _ = try await daemon.line(of: .errors) { $0.hasPrefix("more: watching") }
    #expect(try Process.inner(of: daemon) != inner)
    #expect(try await home.status().daemon?.pid == daemon.identifier)
    try await server.client("wider2").append(letter("there"))
    _ = try await daemon.line(of: .errors) { $0 == "more: INBOX: local: 1 new" }
    let ending = await daemon.stop()
    #expect(ending == .exited(0), "\(daemon.standardErrors)")
  }

  @Test("reads a configuration at SIGHUP that was put in another one's place where only the file was given")
  func renamedConfiguration() async throws {
    let server = try await DovecotServer.shared()
    let home = try Home()
    // In a home itself, beside what is nobody's business.
    func put(_ text: String) throws {
      try home.folder.write(text, to: "new.toml", mode: 0o600)
      try #require(unsafe rename(home.folder.appending("new.toml"), home.folder.appending("martlet.toml")) == 0)
    }
    let one = Home.account("work", on: server, user: "renamed")
    try put(one)
    let daemon = try await home.startDaemon("-c", home.folder.appending("martlet.toml"))
    try put(one + "nonsense = 1\n")
    daemon.signal(SIGHUP)
    _ = try await daemon.line(of: .errors) { $0.contains("martlet.toml:10: accounts.work.local.nonsense: expected") }
    _ = try await daemon.line(of: .errors) { $0 == "error: the configuration stays as it was" }
    try put(one + Home.account("more", on: server, user: "renamed2", path: "~/More"))
    daemon.signal(SIGHUP)
    _ = try await daemon.line(of: .errors) { $0.contains("starting anew") }
    _ = try await daemon.line(of: .errors) { $0.hasPrefix("more: watching") }
    #expect(!daemon.standardErrors.contains("Permission denied"))
    let ending = await daemon.stop()
    #expect(ending == .exited(0), "\(daemon.standardErrors)")
  }

  @Test("runs commands outside of its confinement, and takes a new one up at SIGHUP")
  func commands() async throws {
    let server = try await DovecotServer.shared()
    let home = try Home()
    let keyring = try TemporaryDirectory("keyring")
    func configure(_ file: String) throws {
      try keyring.write(server.password + "\n", to: file, mode: 0o600)
      let literal = "password = \"\(server.password)\""
      // It writes, too, where a confined process may not.
      let command =
        "password_command = \"cat '\(keyring.appending(file))' && touch '\(keyring.appending("used-" + file))'\""
      try home.configure(
        Home.account("work", on: server, user: "commands").replacingOccurrences(of: literal, with: command))
    }
    try configure("first")
    let daemon = try await home.startDaemon()
    try configure("second")
    daemon.signal(SIGHUP)
    _ = try await daemon.line(of: .errors) { $0.hasPrefix("work: watching") }
    #expect(FileManager.default.fileExists(atPath: keyring.appending("used-first")))
    #expect(FileManager.default.fileExists(atPath: keyring.appending("used-second")))
    await daemon.stop()
  }

  @Test("starts anew where a Maildir comes in the place of one that lacked its marker, and syncs on (L8)")
  func replaced() async throws {
    let (home, client) = try await Home.prepared("replaced")
    #expect(try await home.run("sync").ending == .exited(0))
    // As a mount point looks while nothing is mounted.
    try FileManager.default.moveItem(atPath: home.maildir, toPath: home.maildir + ".away")
    try FileManager.default.createDirectory(atPath: home.maildir, withIntermediateDirectories: false)
    let daemon = try home.start("run")
    _ = try await daemon.line(of: .errors) { $0.contains("the next try is") }
    try FileManager.default.removeItem(atPath: home.maildir)
    try FileManager.default.moveItem(atPath: home.maildir + ".away", toPath: home.maildir)
    daemon.signal(SIGUSR1)
    _ = try await daemon.line(of: .errors) { $0.contains("starting anew") }
    _ = try await daemon.line(of: .errors) { $0.hasPrefix("work: watching") }
    try await client.append(letter("one"))
    _ = try await daemon.line(of: .errors) { $0 == "work: INBOX: local: 1 new" }
    await daemon.stop()
  }

  @Test("stops where a Maildir is moved away under it, and goes on with the copy in its place (L8)")
  func movedAway() async throws {
    let (home, client) = try await Home.prepared("moved-away")
    // What lies there can be read by a confined process, whether or not it was given.
    let maildir = home.folder.appending(".config/martlet/Mail")
    try home.configure(
      Home.account("work", on: try await DovecotServer.shared(), user: "moved-away", path: maildir))
    try await client.append(letter("one"))
    let daemon = try await home.startDaemon()
    try FileManager.default.moveItem(atPath: maildir, toPath: maildir + ".away")
    _ = try await daemon.line(of: .errors) { $0.contains("another directory is in its place by now, or none") }
    try FileManager.default.createDirectory(atPath: maildir, withIntermediateDirectories: false)
    daemon.signal(SIGUSR1)
    _ = try await daemon.line(of: .errors) { $0.contains("this is not the Maildir that was synced before") }
    try FileManager.default.removeItem(atPath: maildir)
    try FileManager.default.copyItem(atPath: maildir + ".away", toPath: maildir)
    daemon.signal(SIGUSR1)
    _ = try await daemon.line(of: .errors) { $0.hasPrefix("work: watching") }
    try await client.append(letter("two"))
    _ = try await daemon.line(of: .errors) { $0 == "work: INBOX: local: 1 new" }
    #expect(try await client.status().messages == 2)
    await daemon.stop()
  }

  @Test(
    "keeps no password in either process, once it is logged in (L13)",
    .enabled(if: geteuid() == 0, "only root may look"),
    arguments: ["password_file = \"FILE\"", "password_command = \"cat FILE\""])
  func memory(source: String) async throws {
    let password = "unlike-all-others-\(UInt64.random(in: 0 ... .max))"
    try await DovecotServer.running(DovecotOptions(password: password)) { server in
      let home = try Home()
      let file = try home.folder.write(password + "\n", to: "password", mode: 0o600)
      try home.configure(
        Home.account("work", on: server, user: "memory").replacingOccurrences(
          of: "password = \"\(password)\"", with: source.replacingOccurrences(of: "FILE", with: file)))
      let daemon = try await home.startDaemon()
      let search = try MemorySearch(for: password)
      // Here it is, so that it would be found there.
      let here = Array(password.utf8)
      #expect(try search.count() > 0)
      withExtendedLifetime(here) {}
      for process in [daemon.identifier, try Process.inner(of: daemon)] {
        #expect(try search.count(in: process) == 0)
      }
      await daemon.stop()
    }
  }
}

/// What /proc tells of a process.
private enum Process {
  static func inner(of outer: ChildProcess) throws -> Int32 {
    guard let inner = try ChildProcess.children(of: outer.identifier).first else {
      throw SupportError("\(outer.identifier) has no child")
    }
    return inner
  }

  static func threads(of process: Int32) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")
  }

  /// Of a line `key:\tvalue`.
  static func value(_ key: String, in file: String) throws -> String? {
    let lines = try String(contentsOfFile: "/proc/" + file, encoding: .utf8).split(separator: "\n")
    return lines.first { $0.hasPrefix(key + ":") }?.split(separator: "\t").last.map(String.init)
  }
}
