import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

/// The real IMAPStore against each kind of server: what it answers is what is true.
@Suite("Before a simulated server the IMAP store", .timeLimit(.minutes(1)))
struct ServerStoreTests {
  @Test("logs in and lists folders", arguments: ServerKind.all)
  func folders(_ kind: ServerKind) async throws {
    try await ServerStage.play(kind) { stage in
      let names = try ["Lists/Swift", "Entwürfe", "a&b", "日本/語"].map { try ServerStage.folder($0) }
      for name in names { stage.server.createMailbox(stage.server.name(of: name), roles: ["\\Sent"]) }
      stage.server.append(ServerStage.octets(1))
      // What came with the login is of before they were made.
      stage.clock.advance(by: .seconds(1))
      let entries = try await stage.store.folders()
      let holding = entries.filter(\.holdsMessages)
      #expect(Set(holding.map(\.name)) == Set(names + [.inbox]))
      let parent = try ServerStage.folder("Lists")
      #expect(entries.contains { $0.name == parent && !$0.holdsMessages })
      if stage.server.profile.surprisePercent == 0 { #expect(holding.allSatisfy { $0.checkpoint != nil }) }
      let login = try #require(stage.server.record.logins.first)
      #expect(login.wasConfidential && login.wasAccepted && login.password == "secret")
    }
  }

  @Test("sees everything, then what changed", arguments: ServerKind.all)
  func looks(_ kind: ServerKind) async throws {
    try await ServerStage.play(kind) { stage in
      for number in 1...5 { stage.server.append(ServerStage.octets(number)) }
      _ = try await stage.store.folders()
      let first = try await stage.wide()
      #expect(first.coverage == .complete)
      #expect(first.present.count == 5)
      #expect(first.present[.uid(2)]?.traits?.messageID == "<2@example.org>")
      #expect(first.present[.uid(2)]?.traits?.wireSize == ServerStage.mail(2).utf8.count)
      stage.server.setFlags(adding: ["\\Seen", "$Forwarded"], of: 2)
      stage.server.expunge(3)
      stage.server.append(ServerStage.octets(6), flags: ["\\Flagged"])
      let second = try await stage.wide(since: first)
      #expect(second.present[.uid(2)]?.flags == FlagSet(.seen, keywords: [.forwarded]))
      #expect(second.present[.uid(6)]?.flags == FlagSet(.flagged))
      #expect(second.present[.uid(3)] == nil)
      if second.coverage == .changes { #expect(second.gone.contains(.uid(3))) }
      let third = try await stage.wide(since: second)
      #expect(third.gone.isSubset(of: second.gone.union([.uid(3)])))
      let narrow = try await stage.store.look(at: .inbox, .messages([.uid(2), .uid(3)]))
      #expect(narrow.present[.uid(2)]?.flags == FlagSet(.seen, keywords: [.forwarded]))
      #expect(narrow.gone == [.uid(3)])
      #expect(stage.server.record.changes == 0)
    }
  }

  @Test("delivers and reads messages", arguments: ServerKind.all)
  func delivery(_ kind: ServerKind) async throws {
    try await ServerStage.play(kind) { stage in
      stage.server.append(ServerStage.octets(1))
      _ = try await stage.store.folders()
      let texts =
        (2...6).map { ServerStage.mail($0) } + [ServerStage.mail(7, body: String(repeating: "x", count: 9000))]
      let flags = FlagSet(.seen, keywords: [.forwarded])
      let results = try await stage.deliver(texts, flags: flags)
      let delivered = try results.map { try $0.get() }
      #expect(delivered.map(\.key) == (2...7).compactMap { UID(rawValue: $0).map { .uid($0) } })
      #expect(delivered.allSatisfy { $0.flags == flags })
      #expect(stage.texts() == [ServerStage.mail(1)] + texts)
      #expect(stage.flags(3) == ["\\Seen", "$Forwarded"])
      #expect(stage.server.mailbox("inbox")?.message(2)?.internalDate.secondsSince1970 == 1_600_000_000)
      let bodies = try await stage.bodies(delivered.map(\.key))
      #expect(delivered.map { bodies[$0.key] } == texts)
      #expect(Set(stage.server.record.bodies.map(\.uid)).isSuperset(of: [2, 3, 4, 5, 6, 7]))
      let known = try await stage.store.identify([.uid(4)], in: .inbox)
      #expect(known[.uid(4)]?.identity == delivered[2].identity)
    }
  }

  @Test("changes flags", arguments: ServerKind.all)
  func flags(_ kind: ServerKind) async throws {
    try await ServerStage.play(kind) { stage in
      for number in 1...3 { stage.server.append(ServerStage.octets(number), flags: ["\\Draft", "Work"]) }
      _ = try await stage.store.folders()
      _ = try await stage.wide()
      let keyword = try #require(Keyword("work"))
      let changes = [
        FlagChange(key: .uid(1), adding: FlagSet([.seen, .answered]), removing: FlagSet(.draft)),
        FlagChange(key: .uid(3), adding: FlagSet(keywords: [.forwarded]), removing: FlagSet(keywords: [keyword])),
        FlagChange(key: .uid(9), adding: FlagSet(.seen), removing: .none),
      ]
      let shown = try await stage.store.update(changes, in: .inbox).shown
      #expect(shown[.uid(1)] == FlagSet([.seen, .answered], keywords: [keyword]))
      #expect(shown[.uid(3)] == FlagSet(.draft, keywords: [.forwarded]))
      #expect(shown[.uid(9)] == nil)
      #expect(stage.flags(1) == ["\\Seen", "\\Answered", "Work"])
      #expect(stage.flags(2) == ["\\Draft", "Work"])
      #expect(stage.flags(3) == ["\\Draft", "$Forwarded"])
    }
  }

  @Test("copies, moves and deletes", arguments: ServerKind.all)
  func transfers(_ kind: ServerKind) async throws {
    try await ServerStage.play(kind) { stage in
      let archive = try ServerStage.folder("Archiv/Früher")
      stage.server.createMailbox(stage.server.name(of: archive))
      for number in 1...6 { stage.server.append(ServerStage.octets(number)) }
      _ = try await stage.store.folders()
      _ = try await stage.wide()
      _ = try await stage.wide(archive)
      let copied = try await stage.store.copy([.uid(2)], from: .inbox, to: archive)
      #expect(copied == [.uid(2): .uid(1)])
      let moved = try await stage.store.move([.uid(4), .uid(3), .uid(9)], from: .inbox, to: archive)
      #expect(moved.keys == [.uid(3): .uid(2), .uid(4): .uid(3)])
      #expect(stage.texts(archive) == [2, 3, 4].map { ServerStage.mail($0) })
      let deletion = try await stage.store.delete([.uid(5), .uid(3)], in: .inbox)
      #expect(deletion.gone == [.uid(3), .uid(5)])
      #expect(stage.texts() == [1, 2, 6].map { ServerStage.mail($0) })
      #expect(stage.server.record.expunges.allSatisfy { !$0.wasMarkedByOthers })
      #expect(Set(stage.server.record.expunges.map(\.uid)) == [3, 4, 5])
    }
  }

  @Test("leaves messages alone that others have marked (L10)", arguments: ServerKind.all)
  func othersMarks(_ kind: ServerKind) async throws {
    try await ServerStage.play(kind) { stage in
      for number in 1...3 { stage.server.append(ServerStage.octets(number)) }
      stage.server.setFlags(adding: ["\\Deleted"], of: 1)
      _ = try await stage.store.folders()
      _ = try await stage.wide()
      let deletion = try await stage.store.delete([.uid(2)], in: .inbox)
      let canDelete = stage.server.profile.extensions.contains(.uidPlus)
      #expect(deletion.gone == (canDelete ? [.uid(2)] : []))
      #expect(stage.server.mailbox("INBOX")?.message(1) != nil)
    }
  }

  @Test("takes no copy along that another client makes of a marked message (L10)", arguments: ServerKind.all)
  func othersCopies(_ kind: ServerKind) async throws {
    try await ServerStage.play(kind) { stage in
      for number in 1...2 { stage.server.append(ServerStage.octets(number)) }
      _ = try await stage.store.folders()
      _ = try await stage.wide()
      let copying = Loop.task {
        while stage.flags(2)?.contains("\\Deleted") == false { await Task.yield() }
        return stage.server.copy(2, from: "INBOX", to: "INBOX")
      }
      _ = try await stage.store.delete([.uid(2)], in: .inbox)
      let copy = await copying.value
      #expect(stage.server.profile.extensions.contains(.uidPlus) || copy == 3)
      if let copy { #expect(stage.flags(copy) != nil) }
      #expect(stage.flags(1) != nil)
    }
  }

  @Test("makes and removes folders", arguments: ServerKind.all)
  func folderLife(_ kind: ServerKind) async throws {
    try await ServerStage.play(kind) { stage in
      _ = try await stage.store.folders()
      let folder = try ServerStage.folder("Über/uns & euch")
      try await stage.store.createFolder(folder)
      #expect(stage.server.mailbox(of: folder)?.isSubscribed == true)
      _ = try await stage.deliver([ServerStage.mail(1)], to: folder)
      await #expect(throws: StoreError.self) { try await stage.store.removeFolder(folder) }
      #expect(stage.texts(folder) == [ServerStage.mail(1)])
      stage.server.expunge(1, in: stage.server.name(of: folder))
      try await stage.store.removeFolder(folder)
      #expect(stage.server.mailbox(of: folder) == nil)
    }
  }
}
