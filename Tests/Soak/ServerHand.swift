import Mail
import Support

/// A client of the server, with a connection of its own, past the network that breaks.
actor ServerHand: Hand {
  private let stage: Stage
  private var client: MailClient?
  /// The run of the server to which `client` is connected.
  private var run: Int32?

  init(_ stage: Stage) { self.stage = stage }

  func make(_ mail: SampleMail, in folder: FolderName) async throws {
    try await act { try await $0.append(mail.bytes, to: folder, flags: mail.flags, date: mail.date) }
  }

  func move(_ mail: SampleMail, from source: FolderName, to target: FolderName) async throws {
    try await act { try await $0.move(try await Self.uid(of: mail, in: source, $0), from: source, to: target) }
  }

  func copy(_ mail: SampleMail, from source: FolderName, to target: FolderName) async throws {
    try await act { try await $0.copy(try await Self.uid(of: mail, in: source, $0), from: source, to: target) }
  }

  func delete(_ mail: SampleMail, from folder: FolderName) async throws {
    try await act { try await $0.expunge(try await Self.uid(of: mail, in: folder, $0), in: folder) }
  }

  func mark(_ mark: Mark, in folder: FolderName) async throws {
    do {
      try await act { client in
        let messages = try await client.flags(in: folder).sorted { $0.key < $1.key }
        guard let (uid, flags) = mark.choose(messages) else { return }
        try await client.store(mark.isOn(flags) ? .remove : .add, mark.flag, on: [uid], in: folder)
      }
    } catch is SupportError {
      // Dovecot refuses to tell of a message that another session deletes meanwhile.
      client = nil
    }
  }

  func makeFolder(_ folder: FolderName) async throws { try await act { try await $0.create(folder) } }
  func removeFolder(_ folder: FolderName) async throws { try await act { try await $0.delete(folder) } }

  private func act(_ body: @Sendable (MailClient) async throws -> Void) async throws {
    try await stage.door.pass { try await body(try await self.connected()) }
  }

  private func connected() async throws -> MailClient {
    let current = stage.server.processGroup
    if let client, run == current { return client }
    let client = try await stage.server.client(Stage.user)
    (self.client, run) = (client, current)
    return client
  }

  private static func uid(of mail: SampleMail, in folder: FolderName, _ client: MailClient) async throws -> UIDSet {
    try await client.select(folder)
    let reply = try await client.command("UID SEARCH HEADER Message-ID \"\(mail.messageID)\"")
    let found = reply.untagged.filter { $0.hasPrefix("* SEARCH ") }.flatMap { $0.split(separator: " ").dropFirst(2) }
    guard reply.isOK, found.count == 1, let uid = UInt32(found[0]).flatMap(UID.init(rawValue:)) else {
      throw SupportError("the server's \(folder) has \(mail.messageID) \(found.count) times: \(reply.text)")
    }
    return [uid]
  }
}
