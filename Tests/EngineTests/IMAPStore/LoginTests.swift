import IMAP
import Mail
import Ports
import Reactor
import Simulation
import Testing

@testable import Engine

@Suite("Logging in")
struct LoginTests {
  static let plain = Endpoint.host(HostEndpoint(host: "h", port: 143, security: .plaintext))
  static let startTLS = Endpoint.host(HostEndpoint(host: "h", port: 143, security: .startTLS))
  static let implicit = Endpoint.host(HostEndpoint(host: "h", port: 993, security: .implicitTLS))

  /// Opens a store on transcripts; the error, where it fails.
  private static func open(
    _ script: String, _ endpoint: Endpoint = implicit, isConfidential: Bool = true, allowsPlaintext: Bool = false
  ) async throws -> (error: StoreError?, rest: String, writes: [String]) {
    try await Reactor.onShared {
      let stream = ScriptedStream(script, isConfidential: isConfidential)
      let world = ScriptedStore([stream], endpoint: endpoint, allowsPlaintext: allowsPlaintext)
      var failure: StoreError?
      do { try await world.store.open() } catch let error as StoreError { failure = error }
      return (failure, stream.rest, stream.writes)
    }
  }

  @Test("takes two round trips where the server tells its capabilities")
  func short() async throws {
    let outcome = try await Self.open(
      """
      S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi
      C: m1 AUTHENTICATE PLAIN AHUAcA==
      S: m1 OK [CAPABILITY IMAP4rev1 ID ENABLE QRESYNC NAMESPACE] in
      C: m2 ID ("name" "martlet")
      C: m3 ENABLE QRESYNC
      C: m4 NAMESPACE
      S: * ID NIL
      S: m2 OK done
      S: * ENABLED QRESYNC
      S: m3 OK done
      S: * NAMESPACE (("" "/")) NIL NIL
      S: m4 OK done
      """)
    #expect(outcome.error == nil)
    #expect(outcome.rest.isEmpty)
    #expect(outcome.writes.count == 2)
  }

  @Test("believes of what is enabled only what was asked for (L12)")
  func enabledUnasked() async throws {
    try await ScriptedStore.play(
      preauthenticated("ENABLE CONDSTORE").replacing("* ENABLED CONDSTORE", with: "* ENABLED CONDSTORE QRESYNC X-OTHER")
    ) { world in #expect(world.store.features?.resync == .condStore) }
  }

  @Test("asks for capabilities where the server does not tell, and uses LOGIN where there is nothing better")
  func plainLogin() async throws {
    let outcome = try await Self.open(
      """
      S: * OK hi
      C: m1 CAPABILITY
      S: * CAPABILITY IMAP4rev1
      S: m1 OK done
      C: m2 LOGIN "u" "p"
      S: m2 OK in
      C: m3 CAPABILITY
      S: * CAPABILITY IMAP4rev1
      S: m3 OK done
      C: m4 LIST "" ""
      S: * LIST () "." ""
      S: m4 OK done
      """)
    #expect(outcome.error == nil)
    #expect(outcome.rest.isEmpty)
  }

  /// Capabilities, and what is asked and answered then.
  static let withheld = [
    ("", "C: m2 LIST \"\" \"\"\nS: m2 NO [UNAVAILABLE] not now"),
    (" NAMESPACE", "C: m2 NAMESPACE\nS: m2 NO not now"),
    (" NAMESPACE", "C: m2 NAMESPACE\nS: m2 BAD what?\nC: m3 LIST \"\" \"\"\nS: m3 NO not now"),
  ]

  @Test("fails for now where the server does not tell how names are built: no path is one name", arguments: withheld)
  func untoldNames(capabilities: String, script: String) async throws {
    let outcome = try await Self.open(
      """
      S: * OK [CAPABILITY IMAP4rev1] hi
      C: m1 LOGIN "u" "p"
      S: m1 OK [CAPABILITY IMAP4rev1\(capabilities)] in
      \(script)
      """)
    #expect(outcome.error?.kind == .unavailable)
    #expect(outcome.rest.isEmpty)
  }

  @Test(
    "tells nothing of what the server says until it is answered, for it may repeat the password (L13)",
    arguments: [
      "* BYE unknown: m1 LOGIN \"u\" \"p#4711\"", "m1 LOGIN \"u\" \"p#4711\"", "\"p#4711\"", "zz OK \"p#4711\"",
    ])
  func repeated(said: String) async throws {
    try await Reactor.onShared {
      let stream = ScriptedStream(
        """
        S: * OK [CAPABILITY IMAP4rev1] hi
        C: m1 LOGIN "u" "p"
        S: \(said)
        E:
        """)
      let world = ScriptedStore([stream], endpoint: Self.implicit)
      let error = await #expect(throws: StoreError.self) { try await world.store.open() }
      #expect(error?.text.contains("4711") == false)
    }
  }

  @Test("may take its time once the password is accepted: a server has many folders")
  func manyFolders() async throws {
    try await Reactor.onShared {
      let stream = ScriptedStream(
        """
        S: * OK [CAPABILITY IMAP4rev1] hi
        C: m1 LOGIN "u" "p"
        S: m1 OK [CAPABILITY IMAP4rev1 NAMESPACE] in
        C: m2 NAMESPACE
        -
        S: * OK still at it
        -
        S: * NAMESPACE (("" "/")) NIL NIL
        S: m2 OK done
        """)
      let world = ScriptedStore([stream], endpoint: Self.implicit)
      let opening = Loop.task { do { try await world.store.open() } catch { Issue.record(error) } }
      for _ in 1...2 {
        await world.settle()
        world.clock.advance(by: .seconds(80))
        await world.settle()
        await stream.proceed()
      }
      await opening.value
    }
  }

  @Test("is refused where the server says LOGINDISABLED, and nothing is sent (L13)")
  func disabled() async throws {
    let outcome = try await Self.open("S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi")
    #expect(outcome.error?.kind == .refusedLogin)
    #expect(outcome.writes.isEmpty)
  }

  @Test("over an open line sends nothing but where a person allowed it (L13)")
  func openLine() async throws {
    let greeting = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\n"
    let refused = try await Self.open(greeting, Self.plain, isConfidential: false)
    #expect(refused.error?.kind == .refusedLogin)
    #expect(refused.writes.isEmpty)
    let allowed = try await Self.open(
      greeting + "C: m1 AUTHENTICATE PLAIN AHUAcA==\nS: m1 NO wrong", Self.plain, isConfidential: false,
      allowsPlaintext: true)
    #expect(allowed.writes.count == 1)
  }

  @Test("begins TLS first, and forgets what was told before it")
  func secured() async throws {
    let outcome = try await Self.open(
      """
      S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR] hi
      C: m1 STARTTLS
      S: m1 OK go
      C: m2 CAPABILITY
      S: * CAPABILITY IMAP4rev1
      S: m2 OK done
      C: m3 LOGIN "u" "p"
      S: m3 OK [CAPABILITY IMAP4rev1] in
      C: m4 LIST "" ""
      S: * LIST () "." ""
      S: m4 OK done
      """, Self.startTLS, isConfidential: false)
    #expect(outcome.error == nil)
    #expect(outcome.rest.isEmpty)
  }

  @Test(
    "does not go on without TLS where TLS was to be begun (L13)",
    arguments: [
      "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi",
      "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\nC: m1 STARTTLS\nS: m1 NO not today",
      "S: * PREAUTH [CAPABILITY IMAP4rev1] you are in",
      "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\nC: m1 STARTTLS\nS: m1 OK go\nS: * CAPABILITY IMAP4rev1",
    ])
  func insecure(script: String) async throws {
    let outcome = try await Self.open(script, Self.startTLS, isConfidential: false)
    #expect(outcome.error != nil)
    #expect(!outcome.writes.joined().contains("LOGIN"))
    #expect(!outcome.writes.joined().contains("AUTHENTICATE"))
  }

  /// What a server may say to a login, and what it means.
  static let refusals: [(String, StoreError.Kind)] = [
    ("NO [AUTHENTICATIONFAILED] wrong", .refusedLogin), ("NO wrong", .refusedLogin),
    ("NO [UNAVAILABLE] backend down", .unavailable), ("NO [LIMIT] enough", .unavailable),
    ("NO [INUSE] locked", .unavailable), ("NO Too many simultaneous connections", .unavailable),
  ]

  @Test("that is refused says why, and a server that is only busy is not a wrong password", arguments: refusals)
  func refused(answer: String, kind: StoreError.Kind) async throws {
    let outcome = try await Self.open(
      "S: * OK [CAPABILITY IMAP4rev1] hi\nC: m1 LOGIN \"u\" \"p\"\nS: m1 \(answer)")
    #expect(outcome.error?.kind == kind)
    #expect(outcome.error?.scope == .account)
    #expect(outcome.error?.text.contains("p\"") == false)
  }

  @Test("at a server that says BYE is told in the server's words")
  func bye() async throws {
    let outcome = try await Self.open("S: * BYE going down\u{1B}[2J\nE:")
    #expect(outcome.error?.kind == .unavailable)
    #expect(outcome.error?.text.contains("going down") == true)
    #expect(outcome.error?.text.contains("\u{1B}") == false)
  }

  @Test("at something that is no IMAP server fails")
  func notIMAP() async throws {
    let outcome = try await Self.open("S: 220 smtp.example.org ESMTP")
    #expect(outcome.error?.kind == .unavailable)
  }

  @Test("does not wait for ever")
  func silent() async throws {
    try await Reactor.onShared {
      let world = ScriptedStore([ScriptedStream("")])
      let opening = Loop.task { () -> StoreError? in
        do throws(StoreError) { try await world.store.open() } catch { return error }
        return nil
      }
      for _ in 0..<50 { await Task.yield() }
      world.clock.advance(by: .seconds(41))
      let failure = await opening.value
      #expect(failure?.kind == .unavailable)
    }
  }

  @Test("at iCloud enables nothing, for what it enables is wrong")
  func iCloud() async throws {
    #expect(ServerFeatures.enabling(.init([.enable, .qresync]), host: "p01-imap.mail.me.com").isEmpty)
    #expect(ServerFeatures.enabling(.init([.enable, .qresync]), host: "imap.example.org") == [.qresync])
    #expect(ServerFeatures.enabling(.init([.enable, .condStore]), host: nil) == [.condStore])
    #expect(ServerFeatures.enabling(.init([.qresync]), host: nil).isEmpty)
  }

  @Test("an error says nothing of the password, whatever the server says (L13)")
  func repeatedPassword() async throws {
    let outcome = try await Self.open(
      """
      S: * OK [CAPABILITY IMAP4rev1] hi
      C: m1 LOGIN "u" "p"
      S: m1 NO no such thing: p
      """)
    #expect(outcome.error?.text.hasSuffix("failed: no such thing: ***") == true, "\(outcome.error?.text ?? "")")
  }

  @Test("tells whoever traces it every line, with connection and folder, and no password (L13)")
  func traced() async throws {
    let stream = """
      S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi
      C: m1 AUTHENTICATE PLAIN AHUAcA==
      S: m1 OK [CAPABILITY IMAP4rev1] in
      C: m2 LIST "" ""
      S: * LIST () "/" ""
      S: m2 OK done
      C: m3 SELECT "INBOX"
      C: m4 UID FETCH 1:* \(WatchTests.traits)
      S: * 0 EXISTS
      S: m3 OK done
      S: m4 OK done
      C: m5 NOOP
      S: * 1 EXISTS
      S: m5 OK done
      C: m6 UID FETCH 1 \(WatchTests.traits)
      S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)
      S: m6 OK done
      """
    let lines = try await Reactor.onShared {
      let heard = Heard()
      let world = ScriptedStore([ScriptedStream(stream)], endpoint: Self.implicit) { heard.lines.append($0) }
      try await world.store.open()
      _ = try await world.wide()
      _ = try await world.store.look(at: .inbox, .messages([.uid(1)]))
      return heard.lines
    }
    #expect(lines.first?.description == "h 1 S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi")
    #expect(lines.dropFirst().first?.description == "h 1 C: m1 AUTHENTICATE PLAIN ***")
    #expect(lines.count == stream.split(separator: "\n").count)
    #expect(lines.first?.folder == nil)
    #expect(lines.last == ProtocolLine(title: "h", connection: 1, folder: .inbox, sender: .server, text: "m6 OK done"))
  }

  @Loop
  private final class Heard {
    var lines: [ProtocolLine] = []
  }
}
