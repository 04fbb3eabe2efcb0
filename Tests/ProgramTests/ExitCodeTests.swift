import Mail
import Support
import Testing

@Suite("The exit code")
struct ExitCodeTests {
  @Test("is 69 where the server is not reached", arguments: ["sync", "check", "folders"])
  func unreachable(command: String) async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let result = try await home.run(command)
    #expect(result.ending == .exited(69))
    #expect(result.errors.hasPrefix("error: away: "))
    #expect(result.errors.contains("refused"))
  }

  @Test("is 69 where the server does not speak IMAP")
  func otherProtocol() async throws {
    let home = try Home()
    try home.configure(
      #"""
      [accounts.odd.remote]
      tunnel = '''printf '220 mail.example.org ESMTP\r\n'; cat >/dev/null'''
      [accounts.odd.local]
      path = "~/Mail"
      """#)
    #expect(try await home.run("sync").ending == .exited(69))
  }

  @Test("is 77 where the login is refused, and the password is not shown (L13)")
  func wrongPassword() async throws {
    let server = try await DovecotServer.shared()
    let home = try Home()
    try home.configure(
      Home.account("work", on: server, user: "wrong").replacing("\"\(server.password)\"", with: "\"hunter2\""))
    let result = try await home.run("sync", "-vv")
    #expect(result.ending == .exited(77), "\(result.errors)")
    #expect(!result.errors.contains("hunter2"))
  }

  @Test("is 77 where the certificate is not verified")
  func untrusted() async throws {
    let server = try await DovecotServer.shared()
    let home = try Home()
    let text = Home.account("work", on: server, user: "untrusted")
    try home.configure(text.split(separator: "\n").filter { !$0.hasPrefix("ca_file") }.joined(separator: "\n"))
    let result = try await home.run("sync")
    #expect(result.ending == .exited(77), "\(result.errors)")
  }

  @Test(
    "is 77 where there is no password to log in with, and says why",
    arguments: [
      (
        #"password_command = "echo hunter2; echo asking >&2; echo 'the keyring is locked' >&2; exit 3""#,
        "password_command: the command ended with status 3: the keyring is locked"
      ), (#"password_file = "/nowhere/at/all""#, "password_file /nowhere/at/all: "),
    ])
  func noPassword(source: String, words: String) async throws {
    let server = try await DovecotServer.shared()
    let home = try Home()
    let text = Home.account("work", on: server, user: "nopassword")
    try home.configure(text.replacing("password = \"\(server.password)\"", with: source))
    let result = try await home.run("sync", "-vv")
    #expect(result.ending == .exited(77), "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
    #expect(!result.errors.contains("hunter2"))
  }

  @Test("is that of the worse account, and the other is synced all the same (L11)")
  func highest() async throws {
    let server = try await DovecotServer.shared()
    let home = try Home()
    try home.configure(Home.unreachableAccount("away") + Home.account("work", on: server, user: "highest"))
    try await server.client("highest").append(letter("here"))
    let result = try await home.run("sync")
    #expect(result.ending == .exited(69))
    #expect(result.output.contains("work: 1 new"))
    #expect(result.output.contains("away: not synced"))
  }

  @Test("is 1 where the Maildir that was synced before is not there, and nothing is deleted (L8)")
  func missingRoot() async throws {
    let server = try await DovecotServer.shared()
    let home = try Home()
    try home.configure(Home.account("work", on: server, user: "unmounted"))
    let client = try await server.client("unmounted")
    try await client.append(letter("precious"))
    #expect(try await home.run("sync").ending == .exited(0))
    try MaildirFolder(path: home.maildir).remove()
    let result = try await home.run("sync")
    #expect(result.ending == .exited(1))
    #expect(result.errors.contains("the directory is not there"))
    #expect(try await client.status().messages == 1)
  }

  @Test("is 1 where the state directory cannot be used: that is for a person to mend", arguments: ["sync", "run"])
  func state(command: String) async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let file = try home.folder.write("", to: "file")
    let result = try await home.run(command, "--state-dir", file)
    #expect(result.ending == .exited(1))
    #expect(result.errors.contains("needs a directory that is yours to write"), "\(result.errors)")
  }

  @Test("is 1 where files may not be as large as a message (ulimit -f), which then is named, and no death (L11, L12)")
  func sizeLimit() async throws {
    let (home, client) = try await Home.prepared("size-limit")
    try await client.append(letter("small"))
    #expect(try await home.run("sync").ending == .exited(0))
    let line = Array((String(repeating: "x", count: 70) + "\r\n").utf8)
    try await client.append(letter("large") + Array(repeatElement(line, count: 60_000).joined()))
    let limited = try await ChildProcess.run(
      ["/bin/sh", "-c", "ulimit -f 2000; exec \"$@\"", "sh", Home.program, "sync"], environment: home.environment())
    #expect(limited.ending == .exited(1))
    #expect(limited.errors.contains("File too large"), "\(limited.errors)")
    let result = try await home.run("sync")
    #expect(result.ending == .exited(0), "\(result.errors)")
    #expect(result.output.contains("1 new"))
  }
}
