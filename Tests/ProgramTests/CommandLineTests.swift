import Support
import Testing

@Suite("The command line")
struct CommandLineTests {
  @Test(
    "tells the version, wherever it is asked for",
    arguments: [["--version"], ["sync", "--version"], ["-v", "--version"]])
  func version(arguments: [String]) async throws {
    let result = try await ChildProcess.run([Home.program] + arguments, environment: try Home().environment())
    #expect(result.output == "martlet 0.1.0\n")
    #expect(result.ending == .exited(0))
  }

  @Test("helps", arguments: [["--help"], ["-h"], ["help"]])
  func help(arguments: [String]) async throws {
    let result = try await ChildProcess.run([Home.program] + arguments, environment: try Home().environment())
    #expect(result.ending == .exited(0))
    for command in ["run", "sync", "status", "check", "folders", "doctor"] {
      #expect(result.output.contains("  \(command) "))
    }
    #expect(result.errors.isEmpty)
  }

  @Test(
    "helps with each command, and names the options that all have",
    arguments: ["run", "sync", "status", "check", "folders", "doctor"])
  func helpOfCommand(command: String) async throws {
    let result = try await Home().run(command, "-h")
    #expect(result.ending == .exited(0))
    for option in ["-c, --config", "--state-dir", "-v, --verbose", "-q, --quiet", "--log-format", "--version"] {
      #expect(result.output.contains(option), "\(option)")
    }
  }

  @Test("completes itself in a shell", arguments: ["bash", "zsh", "fish"])
  func completion(shell: String) async throws {
    let result = try await Home().run("--generate-completion-script", shell)
    #expect(result.ending == .exited(0), "\(result.errors)")
    #expect(result.output.contains("doctor") && result.output.contains("allow-deletions"))
  }

  @Test("helps with a command that help is asked for")
  func helpWithCommand() async throws {
    let result = try await Home().run("help", "sync")
    #expect(result.ending == .exited(0))
    #expect(result.output.contains("--allow-deletions"))
  }

  @Test(
    "ends with 1 where its results cannot be written, and says so in the form of its log", arguments: ["text", "json"])
  func fullDisk(form: String) async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let result = try await ChildProcess.run(
      ["/bin/sh", "-c", "exec \"$@\" >/dev/full", "sh", Home.program, "status", "--log-format", form],
      environment: home.environment())
    #expect(result.ending == .exited(1))
    #expect(result.errors.contains("standard output cannot be written: No space left on device"))
    #expect(result.errors.hasPrefix(form == "json" ? "{" : "error: "), "\(result.errors)")
  }

  @Test(
    "is refused with 64 where it is wrong, and says what is",
    arguments: [
      ([], "Name a command"), (["fly"], "There is no command 'fly'. The commands are run, sync, status, check,"),
      (["help", "synk"], "There is no command 'synk'"), (["-v", "help", "synk"], "There is no command 'synk'"),
      (["-v", "synk", "--dry-run"], "There is no command 'synk'"), (["sync", "--fast"], "--fast"),
      (["--config"], "--config"),
      (["run", "--log-format", "xml"], "xml"), (["-q", "-v", "status"], "exclude each other"),
      (["sync", "a:"], "'a:' is invalid for '<account[:folder]>': what is to be synced is an account's name, or"),
      (["folders", "a", "b"], "b"),
      (["status", "-c", ""], "'--config' is given no file"),
      (["--state-dir", "", "status"], "'--state-dir' is given no"),
    ])
  func usage(arguments: [String], word: String) async throws {
    let result = try await ChildProcess.run([Home.program] + arguments, environment: try Home().environment())
    #expect(result.ending == .exited(64))
    #expect(result.output.isEmpty)
    #expect(result.errors.contains(word))
    #expect(result.errors.contains("Usage: martlet"))
  }

  @Test("tells which accounts there are where one is named to a command that takes none, or that is not there")
  func accountOfStatus() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away") + Home.unreachableAccount("work", path: "~/Elsewhere"))
    for (name, text) in [
      ("work", "status takes no account; it tells of all that the configuration has: away, work"),
      ("wrok", "there is no account \"wrok\"; the configuration has away, work"),
    ] {
      let result = try await home.run("status", name)
      #expect(result.ending == .exited(64))
      #expect(result.errors == "error: \(text)\n")
    }
  }

  @Test(
    "takes the options of all commands before the command and after it",
    arguments: [
      ["-c", "FILE", "--state-dir", "DIR", "--log-format", "json", "-v", "status"],
      ["status", "-v", "--config", "FILE", "--log-format=json", "--state-dir", "DIR"],
      ["--state-dir=DIR", "status", "-cFILE"],
    ])
  func options(arguments: [String]) async throws {
    let home = try Home()
    let file = try home.folder.write(Home.unreachableAccount("elsewhere"), to: "other.toml", mode: 0o600)
    let arguments = arguments.map {
      $0.replacing("FILE", with: file).replacing("DIR", with: home.folder.appending("state"))
    }
    let result = try await ChildProcess.run([Home.program] + arguments, environment: home.environment())
    #expect(result.ending == .exited(0))
    #expect(result.output.contains("elsewhere: never synced"))
  }

  @Test("names an account that is not there", arguments: ["run", "sync", "check", "folders", "doctor"])
  func unknownAccount(command: String) async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("work"))
    let result = try await home.run(command, "wrok")
    #expect(result.ending == .exited(64))
    #expect(result.errors == "error: there is no account \"wrok\"; the configuration has work\n")
  }
}
