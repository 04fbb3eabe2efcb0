import Configuration
import Control
import Support
import Testing

@testable import martlet

@Suite("What a store is called")
struct StoreTitleTests {
  typealias Host = IMAPConfiguration.Host

  @Test(
    "has the port where that is not the usual one, so that two servers on one host are told apart",
    arguments: [
      ("imap.example.org", 993, Host.Security.implicitTLS, "imap.example.org"),
      ("imap.example.org", 143, .startTLS, "imap.example.org"), ("127.0.0.1", 143, .plaintext, "127.0.0.1"),
      ("imap.example.org", 143, .implicitTLS, "imap.example.org:143"),
      ("imap.example.org", 993, .startTLS, "imap.example.org:993"), ("::1", 1143, .plaintext, "[::1]:1143"),
      ("::1", 143, .plaintext, "::1"),
    ])
  func title(host: String, port: UInt16, security: Host.Security, title: String) {
    let server = Host(name: host, port: port, security: security, caFile: nil)
    let store = StoreConfiguration.imap(IMAPConfiguration(endpoint: .host(server), user: "me", password: nil))
    #expect(StoreTitle.of(store, home: nil) == title)
  }

  @Test("is the same with a daemon as without one, and in errors the port is named once")
  func status() async throws {
    let home = try Home()
    try home.configure(
      """
      [accounts.a.remote]
      host = "127.0.0.1"
      port = 1
      tls = "none"
      user = "nobody"
      password = "pw"
      [accounts.a.local]
      type = "imap"
      host = "127.0.0.1"
      port = 2
      tls = "none"
      user = "nobody"
      password = "pw"
      """)
    let before = try #require(try await home.status().accounts.first)
    #expect([before.local, before.remote] == ["127.0.0.1:2", "127.0.0.1:1"])
    let daemon = try home.start("run")
    _ = try await daemon.line(of: .errors) { $0 == "error: a: 127.0.0.1: port 2: Connection refused" }
    let account = try #require(try await home.status().accounts.first)
    #expect([account.local, account.remote] == ["127.0.0.1:2", "127.0.0.1:1"])
    await daemon.stop()
  }
}
