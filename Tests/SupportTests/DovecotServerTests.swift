import Foundation
import Mail
import Support
import Testing

@Suite struct DovecotServerTests {
  @Test("a stopped server leaves no process, no port and no folder, and starts again with its mail")
  func stopAndStart() async throws {
    var path = ""
    try await DovecotServer.running { dovecot in
      path = dovecot.folder.path
      let group = try #require(dovecot.processGroup)
      try await dovecot.deliver(SampleMail(number: 1).bytes, to: "anna")
      await dovecot.stop()
      #expect(!ProcessGroup.isAlive(group))
      await #expect(throws: ConnectionRefused.self) { try await dovecot.client("anna") }
      try await dovecot.start()
      #expect(try await dovecot.client("anna").status().messages == 1)
      #expect(dovecot.processGroup != group)
      try await dovecot.restart()
      #expect(try await dovecot.client("anna").status().messages == 1)
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("several servers run side by side")
  func sideBySide() async throws {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for count in 1...3 {
        group.addTask {
          try await DovecotServer.running { dovecot in
            for number in 0..<count { try await dovecot.deliver(SampleMail(number: number).bytes, to: "anna") }
            return try await dovecot.client("anna").status().messages - count
          }
        }
      }
      for try await difference in group { #expect(difference == 0) }
    }
  }

  @Test("a wrong password is refused")
  func wrongPassword() async throws {
    try await DovecotServer.running { dovecot in
      await #expect(throws: SupportError.self) {
        try await MailClient.connect(port: dovecot.plainPort, user: "anna", password: "wrong")
      }
    }
  }

  @Test("the certificate verifies against the authority, on the TLS port and by STARTTLS")
  func certificate() async throws {
    try await DovecotServer.running { dovecot in
      for way in [
        ["-connect", "127.0.0.1:\(dovecot.tlsPort)"],
        ["-connect", "127.0.0.1:\(dovecot.plainPort)", "-starttls", "imap"],
      ] {
        let result = try await ChildProcess.run(
          ["openssl", "s_client", "-CAfile", dovecot.authorityFile, "-verify_return_error", "-verify_ip", "127.0.0.1"]
            + way, input: .bytes([]))
        #expect(result.output.contains("Verify return code: 0 (ok)"))
      }
    }
  }

  @Test("an expired certificate, and one for another name, do not verify")
  func badCertificates() async throws {
    var expired = DovecotOptions()
    expired.certificateIsExpired = true
    for options in [expired, DovecotOptions(certificateNames: ["DNS:mail.example.org"])] {
      try await DovecotServer.running(options) { dovecot in
        let result = try await ChildProcess.run(
          [
            "openssl", "s_client", "-CAfile", dovecot.authorityFile, "-verify_return_error", "-verify_ip", "127.0.0.1",
            "-connect", "127.0.0.1:\(dovecot.tlsPort)",
          ], input: .bytes([]))
        #expect(
          result.errors.contains(options.certificateIsExpired ? "certificate has expired" : "IP address mismatch"))
      }
    }
  }

  @Test("options reach the server: capabilities, connection limit, storage")
  func options() async throws {
    let options = DovecotOptions(
      storage: .sdbox, capability: "IMAP4rev1 SASL-IR LITERAL+ ID IDLE UIDPLUS", connectionsMax: 1)
    try await DovecotServer.running(options) { dovecot in
      let client = try await dovecot.client("anna")
      #expect(await client.capabilities == ["IMAP4REV1", "SASL-IR", "LITERAL+", "ID", "IDLE", "UIDPLUS"])
      await #expect(throws: SupportError.self) { try await dovecot.client("anna") }
      try await client.append(SampleMail(number: 1).bytes)
      #expect(FileManager.default.fileExists(atPath: dovecot.folder.appending("mail/anna/sdbox/mailboxes/INBOX")))
    }
  }

  @Test("a kicked user's connection ends; a new UIDVALIDITY shows")
  func kickAndUIDValidity() async throws {
    try await DovecotServer.running { dovecot in
      let client = try await dovecot.client("anna")
      try await client.select(.inbox)
      try await dovecot.kick("anna")
      await #expect(throws: SupportError.self) { try await client.idle { $0 == "* never" } }
      try await dovecot.setUIDValidity(4711, user: "anna")
      #expect(try await dovecot.client("anna").status().uidValidity == UIDValidity(rawValue: 4711))
    }
  }

  @Test("the tunnel command speaks preauthenticated IMAP to the same mailbox")
  func tunnel() async throws {
    try await DovecotServer.running { dovecot in
      try await dovecot.deliver(SampleMail(number: 1).bytes, to: "anna")
      let tunnel = try ChildProcess(["sh", "-c", try dovecot.tunnelCommand(user: "anna")], input: .pipe)
      #expect(try await tunnel.line().hasPrefix("* PREAUTH"))
      tunnel.write("a STATUS INBOX (MESSAGES)\r\n")
      #expect(try await tunnel.line { $0.hasPrefix("* STATUS") } == "* STATUS INBOX (MESSAGES 1)\r")
      await tunnel.stop()
    }
  }

  @Test("a file dropped into the server's Maildir is a message")
  func drop() async throws {
    try await DovecotServer.running { dovecot in
      let client = try await dovecot.client("anna")
      try await client.select(.inbox)
      try dovecot.drop(SampleMail(number: 1).bytes, named: "1.M1P1.host", user: "anna")
      #expect(try await client.messages().map(\.bytes) == [SampleMail(number: 1).bytes])
    }
  }
}
