import Configuration
import Foundation
import Mail
import Testing

@Suite("What a configuration says")
struct ConfigurationTests {
  @Test("the least there must be, and its defaults")
  func defaults() throws {
    let configuration = try Fixture.parse(Fixture.remote + Fixture.local)
    let account = try #require(configuration.accounts.first)
    let imap = try #require(account.far.imap)
    #expect(account.name == "a")
    #expect(
      imap.endpoint == .host(.init(name: "imap.example.org", port: 993, security: .implicitTLS, caFile: nil)))
    #expect(imap.user == "me" && imap.maxConnections == 5 && !imap.allowPlaintext)
    guard case .command("pass") = imap.password else {
      Issue.record("the password is the command's")
      return
    }
    #expect(account.near.maildir == MaildirConfiguration(path: "/nowhere/mail", layout: .nested))
    #expect(account.sync == SyncRules())
    #expect(account.folders.verdict(remote: .inbox) == .included)
  }

  @Test("every key of a server and a Maildir is read")
  func everyKey() throws {
    let configuration = try Fixture.parse(
      """
      [accounts.Work_1-x]
      [accounts.Work_1-x.remote]
      type = "imap"
      host = "[::1]"
      port = 1143
      tls = "starttls"
      ca_file = "my-ca.pem"
      user = "me@example.org"
      password = "s3cret \\u00e4"
      allow_plaintext = true
      max_connections = 100
      [accounts.Work_1-x.local]
      type = "maildir"
      path = "~/Mail"
      layout = "maildir++"
      [accounts.Work_1-x.sync]
      brake = "5%"
      trash = "Deleted/Items"
      trash_days = 30
      """)
    let account = try #require(configuration.accounts.first)
    #expect(account.sync.brakePercent == 5 && account.sync.trashDays == 30)
    #expect(account.sync.trash == FolderName("Deleted/Items"))
    let imap = try #require(account.far.imap)
    #expect(account.name == "Work_1-x")
    #expect(
      imap.endpoint
        == .host(.init(name: "::1", port: 1143, security: .startTLS, caFile: "/etc/nowhere/my-ca.pem")))
    #expect(imap.allowPlaintext && imap.maxConnections == 100)
    guard case .literal(let password) = imap.password else {
      Issue.record("the password is in the file")
      return
    }
    #expect(password == Secret("s3cret ä"))
    #expect(!"\(configuration)".contains("s3cret"), "L13")
    #expect(account.near.maildir == MaildirConfiguration(path: "/home/me/Mail", layout: .maildirPlusPlus))
  }

  @Test("a tunnel needs neither user nor password; a local server takes a server's keys")
  func tunnels() throws {
    let configuration = try Fixture.parse(
      """
      accounts.b.remote.tunnel = "ssh host imap"
      accounts.b.local = { type = "imap", host = "127.0.0.1", tls = "none", user = "x", password_file = "pw" }
      """)
    let account = try #require(configuration.accounts.first)
    #expect(account.far.imap?.endpoint == .tunnel(command: "ssh host imap"))
    #expect(account.far.imap?.user == nil && account.far.imap?.password == nil)
    let near = try #require(account.near.imap)
    #expect(near.host == .init(name: "127.0.0.1", port: 143, security: .plaintext, caFile: nil))
    guard case .file("/etc/nowhere/pw") = near.password else {
      Issue.record("the password is in a file beside the configuration")
      return
    }
  }

  @Test("accounts come in the order of the file")
  func order() throws {
    let text = ["z", "a", "m"].map { name in
      (Fixture.remote + Fixture.local).replacing("accounts.a.", with: "accounts.\(name).")
        .replacing("/nowhere/mail", with: "/nowhere/\(name)")
    }.joined()
    #expect(try Fixture.parse(text).accounts.map(\.name) == ["z", "a", "m"])
  }

  @Test("ports follow the kind of TLS", arguments: zip(["implicit", "starttls", "none"], [993, 143, 143] as [UInt16]))
  func ports(tls: String, port: UInt16) throws {
    let text = Fixture.remote + "tls = \"\(tls)\"\nallow_plaintext = true\n" + Fixture.local
    #expect(try Fixture.parse(text).accounts.first?.far.imap?.host?.port == port)
  }

  @Test(
    "plaintext goes to this machine without further words", arguments: ["localhost", "127.8.9.1", "::1", "LOCALHOST"])
  func loopback(host: String) throws {
    let text = (Fixture.remote + "tls = \"none\"\n" + Fixture.local).replacing("imap.example.org", with: host)
    #expect(try Fixture.parse(text).accounts.first?.far.imap?.host?.security == .plaintext)
  }

  @Test("the sample configuration is one, and says what it says")
  func sample() throws {
    let here = URL(filePath: #filePath).resolvingSymlinksInPath()
    let root = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let sample = root.appending(path: "config/martlet.toml").path
    let paths = try Paths(environment: ["HOME": "/home/me"], configurationFile: sample)
    let configuration = try Configuration.load(paths)
    let account = try #require(configuration.accounts.first)
    #expect(account.name == "personal" && account.near.maildir?.path == "/home/me/Mail/personal")
    let all = try #require(FolderName("Archive/2024"))
    #expect(account.folders.localName(forRemote: all) == all, "who changes what is marked leaves nothing out")
    // Every key that is only shown is one that martlet knows: its line can be uncommented.
    let text = try String(contentsOfFile: sample, encoding: .utf8)
    let shown = text.split(separator: "\n").filter { $0.hasPrefix("# ") && $0.contains(" = ") && !$0.contains("'*'") }
    #expect(shown.count > 10)
    for line in shown where !line.contains("password") && !line.contains("tunnel") && !line.contains("type") {
      let uncommented = text.replacing(line, with: line.dropFirst(2))
      #expect(Fixture.errors(uncommented) == [], "\(line)")
    }
  }
}
