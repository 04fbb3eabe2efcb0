import Control
import Foundation
import Mail
import Support
import Testing

/// Where the password comes from, and what a wrong one does: to its own account only.
@Suite("The password", .notAllAtOnce)
struct PasswordTests {
  enum Source: String, CaseIterable { case literal, file, command }

  @Test(
    "comes from the configuration, a file or a command, of which the first line counts, and is left nowhere (L13)",
    arguments: Source.allCases)
  func sources(source: Source) async throws {
    let password = "correct-horse"
    try await DovecotServer.running(DovecotOptions(password: password)) { server in
      let installation = try Installation(.plain(server, user: "a"))
      let file = try installation.folder.write("\(password)\r\nsecond line\n", to: "password", mode: 0o600)
      let key =
        switch source {
        case .literal: "password = \"\(password)\""
        case .file: "password_file = \"\(file)\""
        case .command: "password_command = \"cat \(file)\""
        }
      try installation.configure(accounts: [("a", .plain(server, key))])
      let outcome = try await installation.sync("-vv")
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      #expect(!outcome.errors.contains(password))
      #expect(!outcome.output.contains(password))
      for name in try FileManager.default.subpathsOfDirectory(atPath: installation.stateDirectory) {
        let bytes = FileManager.default.contents(atPath: installation.stateDirectory + "/" + name) ?? Data()
        #expect(bytes.firstRange(of: Data(password.utf8)) == nil, "\(name)")
      }
    }
  }

  @Test("in a file that others can read is refused with 78, and nobody is asked", arguments: [Source.literal, .file])
  func readable(source: Source) async throws {
    let installation = try Installation(ServerPlace(lines: ["host = \"127.0.0.1\""]))
    let file = try installation.folder.write("hunter2\n", to: "password", mode: 0o640)
    let key = source == .literal ? "password = \"hunter2\"" : "password_file = \"\(file)\""
    let place = ServerPlace(lines: ["host = \"127.0.0.1\"", "port = 1", "tls = \"none\"", "user = \"a\"", key])
    try installation.configure(accounts: [("a", place)], mode: source == .literal ? 0o644 : 0o600)
    let outcome = try await installation.sync()
    #expect(outcome.exitCode == 78)
    #expect(outcome.errors.contains("chmod 600"), "\(outcome.errors)")
    #expect(!outcome.errors.contains("hunter2"))
  }

  /// What to configure, and what is said of it.
  static let failures: [(String, String)] = [
    ("password_command = \"echo the keyring is locked >&2; exit 3\"", "the keyring is locked"),
    ("password_command = \"true\"", "no first line"),
    ("password_command = \"kill -9 $$\"", "signal 9"),
    ("password_file = \"/nowhere/password\"", "/nowhere/password"),
  ]

  @Test(
    "that cannot be had is an account that is not synced, 77, with the reason; the other is (L11)",
    arguments: failures)
  func failing(key: String, reason: String) async throws {
    try await DovecotServer.running { server in
      let both = try await TwoAccounts(server)
      try both.installation.configure(accounts: [("a", .plain(server, key)), ("b", .plain(server, user: "b"))])
      let outcome = try await both.installation.sync()
      #expect(outcome.exitCode == 77, "\(outcome.errors)")
      #expect(outcome.errors.contains(reason), "\(outcome.errors)")
      #expect(try both.count("b") == 1)
      #expect(try both.count("a") == 0)
    }
  }

  @Test("in a file that comes later is refused as long as others can read it (L13)")
  func readableLater() async throws {
    try await DovecotServer.running { server in
      let both = try await TwoAccounts(server)
      let file = both.installation.folder.appending("password")
      try both.installation.configure(accounts: [("a", .plain(server, "password_file = \"\(file)\""))])
      try await both.whileRunning { daemon in
        _ = try await daemon.line(of: .errors) { $0.contains("No such file") }
        try both.installation.folder.write(server.password, to: "password", mode: 0o644)
        daemon.signal(SIGUSR1)
        _ = try await daemon.line(of: .errors) { $0.contains("others can read it") }
        try both.installation.folder.write(server.password, to: "password", mode: 0o600)
        daemon.signal(SIGUSR1)
        try await both.wait("a", 1)
      }
    }
  }

  @Test("that a slow command gives holds nobody up, and is waited for (L11)")
  func slow() async throws {
    try await DovecotServer.running { server in
      let both = try await TwoAccounts(server)
      // Opening a FIFO waits for its writer.
      let fifo = both.installation.folder.appending("fifo")
      try await ChildProcess.output(of: ["mkfifo", "-m", "600", fifo])
      let slow = ServerPlace.plain(server, "password_command = \"cat \(fifo)\"", "max_connections = 1")
      try both.installation.configure(accounts: [("a", slow), ("b", .plain(server, user: "b"))])
      try await both.whileRunning { daemon in
        _ = try await daemon.line(of: .errors) { $0.contains("b: watching") }
        try await both.append(to: "b")
        try await both.wait("b", 2)
        #expect(try both.count("a") == 0)
        try await ChildProcess.output(of: ["sh", "-c", "echo \(server.password) >\(fifo)"])
        try await both.wait("a", 1)
      }
    }
  }

  @Test("that is wrong is said once and tried again slowly; sync ends with 77; the other account syncs on (L11)")
  func wrong() async throws {
    // Dovecot answers ever later to an address that fails to log in.
    let patience = """
      service anvil {
        unix_listener anvil-auth-penalty {
          mode = 0
        }
      }
      """
    try await DovecotServer.running(DovecotOptions(extraConfiguration: patience)) { server in
      let both = try await TwoAccounts(server)
      let wrong = ServerPlace.plain(server, "password = \"hunter2\"")
      try both.installation.configure(accounts: [("a", wrong), ("b", .plain(server, user: "b"))])
      let outcome = try await both.installation.sync("-vv")
      #expect(outcome.exitCode == 77)
      #expect(outcome.errors.contains("login as a failed"))
      #expect(!outcome.errors.contains("hunter2"))
      try await both.append(to: "b")
      try await both.whileRunning { daemon in
        try await both.wait("b", 2)
        try await both.append(to: "b")
        try await both.wait("b", 3)
        _ = try await daemon.line(of: .errors) { $0.contains("a: waiting (login refused); the next try is") }
        let account = try await both.installation.status()
        #expect(account.state == .waiting)
        let retry = try Date(try #require(account.retryAt), strategy: .iso8601)
        #expect(retry.timeIntervalSinceNow > 120, "\(retry)")
        // By the daemon, which tries at once because a person asks.
        let asked = try await both.installation.sync()
        #expect(asked.exitCode == 77, "\(asked.errors)")
        #expect(daemon.standardErrors.split(separator: "\n").count { $0.contains("error: a: ") } == 1)
      }
      // One login for each: the first sync, the daemon, and the sync by the daemon.
      #expect(server.log.split(separator: "\n").count { $0.contains("auth failed") } == 3, "\(server.log)")
    }
  }
}

extension ServerPlace {
  /// In plain text, as user `a`, whose password comes as `key` says.
  fileprivate static func plain(_ server: DovecotServer, _ keys: String...) -> ServerPlace {
    ServerPlace(lines: ["host = \"127.0.0.1\"", "port = \(server.plainPort)", "tls = \"none\"", "user = \"a\""] + keys)
  }
}
