import Control
import Foundation
import Mail
import Support
import Testing

/// The ways to a server: TLS and what must not pass for it, tunnels, and what the server is told to log in.
@Suite("Reaching a server", .notAllAtOnce)
struct AccessTests {
  // MARK: TLS

  @Test(
    "by implicit TLS or STARTTLS that the ca_file verifies, by address or by name", arguments: ["implicit", "starttls"])
  func verified(tls: String) async throws {
    try await DovecotServer.running { server in
      for (number, host) in ["127.0.0.1", "localhost"].enumerated() {
        let network = try NetworkProxy(to: tls == "implicit" ? server.tlsPort : server.plainPort, isRecording: true)
        let user = "u\(number)"
        try await server.client(user).append(SampleMail(number: 1).bytes)
        let installation = try Installation(
          ServerPlace(lines: [
            "host = \"\(host)\"", "port = \(network.port)", "tls = \"\(tls)\"", "ca_file = \"\(server.authorityFile)\"",
            "user = \"\(user)\"", "password = \"\(server.password)\"",
          ]))
        #expect(try await installation.syncCleanly().local.delivered == 1)
        let inClear = network.clientLines.filter { $0.allSatisfy(\.isASCII) && !$0.isEmpty }
        if tls == "starttls" { #expect(inClear.first == "m1 STARTTLS") }
        #expect(!inClear.contains { $0.contains("LOGIN") || $0.contains("AUTHENTICATE") })
        network.become(.closed)
      }
    }
  }

  enum Distrust: CaseIterable { case otherName, otherAuthority, noAuthority, expired }

  @Test(
    "is refused with 77 where the certificate is not verified, before anything is said (L13)",
    arguments: Distrust.allCases, ["implicit", "starttls"])
  func unverified(distrust: Distrust, tls: String) async throws {
    var options = DovecotOptions()
    if distrust == .otherName { options.certificateNames = ["DNS:imap.example.org"] }
    options.certificateIsExpired = distrust == .expired
    try await DovecotServer.running(options) { server in
      let other = try await CertificateAuthority(named: "another CA")
      let authority = distrust == .otherAuthority ? other.certificateFile : server.authorityFile
      var lines = [
        "host = \"127.0.0.1\"", "port = \(tls == "implicit" ? server.tlsPort : server.plainPort)", "tls = \"\(tls)\"",
        "user = \"a\"", "password = \"hunter2\"",
      ]
      if distrust != .noAuthority { lines.append("ca_file = \"\(authority)\"") }
      let installation = try Installation(ServerPlace(lines: lines))
      let outcome = try await installation.sync("-vv")
      #expect(outcome.exitCode == 77, "\(outcome.errors)")
      #expect(outcome.errors.contains("certificate"), "\(outcome.errors)")
      #expect(!outcome.errors.contains("hunter2"))
      #expect(!server.log.contains("auth failed"), "\(server.log)")
      #expect(!FileManager.default.fileExists(atPath: installation.maildir + "/INBOX"))
    }
  }

  @Test("STARTTLS that somebody in between takes away ends with 77, and nothing is sent in clear (L13)")
  func stripped() async throws {
    try await DovecotServer.running { server in
      // Not offered; and offered, but answered with BAD, because the server never heard the word.
      for forgery in [["STARTTLS": "XTARTTLS"], [:]] {
        let silenced = try NetworkProxy(to: server.plainPort, isRecording: true, forging: forgery)
        let refusing = try NetworkProxy(
          to: silenced.port, isRecording: true, forging: forgery.isEmpty ? ["OK Begin TLS": "NO Begin TLS"] : [:])
        let installation = try Installation(
          ServerPlace(lines: [
            "host = \"127.0.0.1\"", "port = \(refusing.port)", "tls = \"starttls\"",
            "ca_file = \"\(server.authorityFile)\"", "user = \"a\"", "password = \"hunter2\"",
          ]))
        let outcome = try await installation.sync()
        #expect(outcome.exitCode == 77, "\(outcome.errors)")
        #expect(outcome.errors.contains("STARTTLS"), "\(outcome.errors)")
        let said = refusing.clientLines.map { $0.uppercased() }
        #expect(said.allSatisfy { $0.hasSuffix("STARTTLS") || $0.hasSuffix("LOGOUT") }, "\(said)")
        for network in [silenced, refusing] { network.become(.closed) }
      }
    }
  }

  @Test("in plain text is for loopback only: anything else is a wrong configuration, 78 (L13)")
  func plaintext() async throws {
    let lines = ["host = \"192.0.2.1\"", "tls = \"none\"", "user = \"a\"", "password = \"hunter2\""]
    let installation = try Installation(ServerPlace(lines: lines))
    let outcome = try await installation.sync()
    #expect(outcome.exitCode == 78)
    #expect(outcome.errors.contains("config.toml:3: accounts.a.remote.tls"), "\(outcome.errors)")
    #expect(!outcome.errors.contains("hunter2"))
  }

  // MARK: Login

  /// What the server offers before login, as the client hears it, and what it says then.
  static let logins: [(name: String, forging: [String: String], said: [String])] = [
    ("all", [:], ["m1 AUTHENTICATE PLAIN AGEAcHc="]),
    ("no SASL-IR", ["SASL-IR": "XASL-IR"], ["m1 AUTHENTICATE PLAIN", "AGEAcHc="]),
    ("no AUTH=PLAIN", ["AUTH=PLAIN": "AUTH=XXXXX"], ["m1 LOGIN \"a\" \"pw\""]),
    ("no ENABLE", [" ENABLE": " XNABLE"], ["m1 AUTHENTICATE PLAIN AGEAcHc="]),
  ]

  @Test("logs in by what is offered, and by nothing else", arguments: logins, ServerKind.allCases)
  func login(login: (name: String, forging: [String: String], said: [String]), kind: ServerKind) async throws {
    try await kind.run { server in
      let network = try NetworkProxy(to: server.plainPort, isRecording: true, forging: login.forging)
      let installation = try Installation(.plain(server, user: "a", port: network.port))
      try await installation.syncCleanly()
      let said = network.clientLines
      #expect(Array(said.prefix(login.said.count)) == login.said, "\(login.name): \(said)")
      if login.forging[" ENABLE"] != nil { #expect(!said.contains { $0.contains("ENABLE") }) }
      network.become(.closed)
    }
  }

  @Test("a password of any characters is understood, whichever way it goes", arguments: [true, false])
  func oddPassword(hasPlain: Bool) async throws {
    let password = #"p"w\ü{3}§"#
    try await DovecotServer.running(DovecotOptions(password: password)) { server in
      let network = try NetworkProxy(
        to: server.plainPort, forging: hasPlain ? [:] : ["AUTH=PLAIN": "AUTH=XXXXX"])
      let installation = try Installation(
        ServerPlace(lines: [
          "host = \"127.0.0.1\"", "port = \(network.port)", "tls = \"none\"", "user = \"a\"",
          "password = '\(password)'",
        ]))
      try await installation.syncCleanly()
      network.become(.closed)
    }
  }
}
