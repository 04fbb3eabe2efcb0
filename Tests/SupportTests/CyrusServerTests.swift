import Mail
import Support
import Testing

@Suite struct CyrusServerTests {
  @Test("Cyrus takes and gives messages, flags, dates and folders like Dovecot")
  func roundTrip() async throws {
    try await CyrusServer.running { cyrus in
      let client = try await cyrus.client("anna")
      let folder = try #require(FolderName("Entwürfe/A & B"))
      try await client.create(folder)
      let mails = (0..<40).map { SampleMail(number: $0) }
      try await client.append(contentsOf: mails.map(\.draft), to: folder)
      let messages = try await client.messages(in: folder)
      #expect(messages.map(\.bytes) == mails.map(\.bytes))
      #expect(messages.map(\.flags) == mails.map(\.flags))
      #expect(messages.map(\.internalDate) == mails.map(\.date))
      #expect(try await client.folders().contains(folder))
    }
  }

  @Test("mail comes in by LMTP and is pushed within a moment")
  func push() async throws {
    try await CyrusServer.running { cyrus in
      let client = try await cyrus.client("anna")
      try await client.select(.inbox)
      async let pushed = client.idle { $0.contains("EXISTS") }
      try await cyrus.deliver(SampleMail(number: 1).bytes, to: "anna")
      #expect(try await pushed.contains("* 1 EXISTS"))
    }
  }

  @Test("suppressed capabilities are not announced")
  func suppressed() async throws {
    try await CyrusServer.running(suppressedCapabilities: ["QRESYNC", "CONDSTORE"]) { cyrus in
      let capabilities = try await cyrus.client("anna").capabilities
      #expect(capabilities.isDisjoint(with: ["QRESYNC", "CONDSTORE"]))
      #expect(capabilities.contains("UIDPLUS"))
    }
  }

  @Test("a stopped Cyrus leaves no process, and starts again with its mail")
  func stopAndStart() async throws {
    try await CyrusServer.running { cyrus in
      let group = try #require(cyrus.processGroup)
      try await cyrus.client("anna").append(SampleMail(number: 1).bytes)
      await cyrus.stop()
      #expect(!ProcessGroup.isAlive(group))
      try await cyrus.start()
      #expect(try await cyrus.client("anna").status().messages == 1)
    }
  }

  @Test("the certificate verifies against the authority on the TLS port")
  func certificate() async throws {
    try await CyrusServer.running { cyrus in
      let result = try await ChildProcess.run(
        [
          "openssl", "s_client", "-CAfile", cyrus.authorityFile, "-verify_return_error", "-verify_ip", "127.0.0.1",
          "-connect", "127.0.0.1:\(cyrus.tlsPort)",
        ], input: .bytes([]))
      #expect(result.output.contains("Verify return code: 0 (ok)"))
    }
  }
}
