import Control
import Foundation
import Mail
import Support
import Testing

/// Bytes, dates and sizes on their way: what arrives is what was there.
@Suite("A message's bytes and date go out and back unchanged", .notAllAtOnce)
struct ContentTests {
  /// A CR as the very last octet is not among them: Dovecot drops it on APPEND.
  static let specimens: [(name: String, bytes: [UInt8])] = [
    ("CRLF", Array("Subject: a\r\n\r\none\r\ntwo\r\n".utf8)),
    ("no line end at the end", Array("Subject: b\r\n\r\nno end".utf8)),
    ("a lone CR", Array("Subject: c\r\n\r\none\rtwo\r\rthree\r\n".utf8)),
    ("8-bit", Array("Subject: d\r\n\r\n".utf8) + [0xE4, 0xF6, 0xFC, 0xFF, 0x80, 0x0D, 0x0A]),
    // Without a bare LF: a file whose line ends are mixed has no one form on the wire.
    (
      "binary without NUL",
      Array("Subject: e\r\n\r\n".utf8) + (1...255).filter { $0 != 0x0A } + [0x0D, 0x0A]
    ),
    ("a header only", Array("Subject: f\r\n\r\n".utf8)),
    ("a header without an end", Array("Subject: g\r\n".utf8)),
    (
      "a line of 200,000 octets",
      Array("Subject: h\r\n\r\n".utf8) + Array(repeating: 0x78, count: 200_000) + [0x0D, 0x0A]
    ),
    ("no header", Array("\r\nonly a body\r\n".utf8)),
    ("dots and From", Array("Subject: i\r\n\r\n.\r\n..\r\nFrom x\r\n>From y\r\n".utf8)),
    ("empty lines at the end", Array("Subject: j\r\n\r\n\r\n\r\n\r\n".utf8)),
  ]

  private static let old = InternalDate(secondsSince1970: 946_684_799)

  @Test("from the server to the Maildir and from the Maildir to the server", arguments: ServerKind.allCases)
  func bothWays(kind: ServerKind) async throws {
    try await kind.run { server in
      let client = try await server.client("a")
      let installation = try Installation(.tls(server, user: "a"))
      try await client.create(Names.work)
      try installation.maildirFolder(Names.here).make()
      for (name, bytes) in Self.specimens {
        // Cyrus refuses what has no header at all, and octets it calls invalid; Dovecot takes everything.
        do {
          try await client.append(bytes, to: Names.work, date: Self.old)
        } catch {
          #expect(kind == .cyrus, "\(name): \(error)")
        }
        try installation.maildirFolder(Names.here).deliver(bytes, date: Self.old)
      }
      let outcome = try await installation.sync()
      let refused = Self.specimens.count - (try await client.status(Names.here).messages)
      #expect(outcome.exitCode == (refused > 0 ? 1 : 0), "\(outcome.errors)")
      #expect(try outcome.account.problems.count == refused)
      #expect(refused == 0 || kind == .cyrus)
      if refused == 0 {
        let comparison = try await Comparison(client, installation.maildir)
        #expect(comparison.isEqual, "\(comparison)")
      }
      for message in try await client.messages(in: Names.here) {
        // LF on disk is CRLF on the wire.
        #expect(
          Self.isSpecimen(message.bytes.lineFeedForm), "\(printable(String(decoding: message.bytes, as: UTF8.self)))")
        #expect(message.internalDate == Self.old)
      }
      let down = try await installation.watch.tree()[Names.work]
      #expect(down.count == (try await client.status(Names.work).messages))
      for entry in down {
        let bytes = try entry.bytes()
        #expect(Self.isSpecimen(bytes), "\(printable(String(decoding: bytes, as: UTF8.self)))")
        #expect(try entry.date() == Self.old)
      }
      if refused == 0 { #expect(try await installation.syncCleanly().isEmpty) }
    }
  }

  private static func isSpecimen(_ bytes: [UInt8]) -> Bool { specimens.contains { $0.bytes.lineFeedForm == bytes } }

  @Test("an empty message is never lost and never an endless try")
  func emptyMessage() async throws {
    try await DovecotServer.running { server in
      let client = try await server.client("a")
      let installation = try Installation(.tls(server, user: "a"))
      let inbox = installation.maildirFolder()
      try inbox.make()
      let unique = try inbox.deliver([])
      try await client.append(SampleMail(number: 1).bytes)
      let outcome = try await installation.sync()
      let isThere = try await client.status().messages == 2
      // IMAP's APPEND has no empty literal with some servers: then it is named.
      #expect(outcome.exitCode == (isThere ? 0 : 1), "\(outcome.errors)")
      if !isThere { #expect(outcome.errors.contains(unique), "\(outcome.errors)") }
      #expect(FileManager.default.fileExists(atPath: try inbox.path(of: unique)))
      #expect(try await installation.watch.tree()[.inbox].count == 2)
    }
  }

  @Test("a message with NULs is equal or named, and never lost", arguments: ServerKind.allCases)
  func nul(kind: ServerKind) async throws {
    try await kind.run { server in
      let client = try await server.client("a")
      let installation = try Installation(.tls(server, user: "a"))
      let inbox = installation.maildirFolder()
      try inbox.make()
      let bytes = Array("Subject: n\nMessage-ID: <nul@example.org>\n\none".utf8) + [0] + Array("two\n".utf8)
      let unique = try inbox.deliver(bytes)
      try inbox.deliver(SampleMail(number: 1).bytes)
      let outcome = try await installation.sync()
      let count = try await client.status().messages
      if count == 2 {
        #expect(outcome.exitCode == 0)
      } else {
        #expect(outcome.exitCode == 1)
        #expect(outcome.errors.contains(unique), "\(outcome.errors)")
      }
      #expect(Array(FileManager.default.contents(atPath: try inbox.path(of: unique)) ?? Data()) == bytes)
      for _ in 1...2 { _ = try await installation.sync() }
      #expect(try await client.status().messages == count)
      #expect(try await installation.watch.tree()[.inbox].count == 2)
    }
  }

  @Test("a message of 50 MB each way, in less than 100 MB of memory")
  func large() async throws {
    try await DovecotServer.running { server in
      let client = try await server.client("a")
      let installation = try Installation(.tls(server, user: "a"))
      let down = Self.largeMessage("down")
      let up = Self.largeMessage("up")
      try await client.append(down)
      let daemon = try await installation.start()
      try installation.maildirFolder().deliver(up)
      try await client.waitForMessages(2, within: .seconds(60))
      try await installation.watch.waitUntilEqual(to: client, ignoring: .dates)
      let peaks = try ProcessGroup.members(of: daemon.identifier).map(Self.peakKilobytes)
      #expect(peaks.count >= 1)
      #expect(peaks.reduce(0, +) < 100 << 10)
      await daemon.stop()
    }
  }

  private static func peakKilobytes(of process: Int32) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?.split(whereSeparator: \.isWhitespace)
    return try #require(peak.flatMap { $0.count > 1 ? Int($0[1]) : nil })
  }

  private static func largeMessage(_ subject: String) -> [UInt8] {
    let line = Array(repeating: UInt8(ascii: "a"), count: 76) + [0x0D, 0x0A]
    var bytes = Array("Subject: \(subject)\r\nMessage-ID: <\(subject)@example.org>\r\n\r\n".utf8)
    bytes.reserveCapacity(50 << 20)
    while bytes.count < 50 << 20 { bytes += line }
    return bytes
  }
}

enum ServerKind: String, CaseIterable, Sendable {
  case dovecot, cyrus

  func run(_ body: (any MailServer) async throws -> Void) async throws {
    switch self {
    case .dovecot: try await DovecotServer.running { try await body($0) }
    case .cyrus: try await CyrusServer.running { try await body($0) }
    }
  }
}
