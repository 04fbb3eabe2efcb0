import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Testing

/// Each scenario is run once to count its operations on the file system, then once for each of them, failing there.
@Suite("Failing at every operation")
struct FaultTests {
  private static let letters = ["one\r\n", "two\r\n", "three\r\n"]

  /// Contents of all messages in the folders, sorted; torn ones would show.
  @Loop
  private func contents(_ maildir: MaildirFixture, _ folder: String) -> [String] {
    ["cur", "new"].flatMap { part in
      maildir.names("\(folder)/\(part)").map { maildir.text("\(folder)/\(part)/\($0)") }
    }.sorted()
  }

  /// As if the last change were long ago: a look right after one waits for the clock's next step.
  @Loop
  private func settle(_ maildir: MaildirFixture) throws {
    for part in ["cur", "new"] { try maildir.setTime("INBOX/\(part)", 1_000_000_000) }
  }

  @Loop
  private func deliverMissing(_ maildir: MaildirFixture, _ keys: [MessageKey]) async throws(StoreError) {
    let present = try await maildir.store.look(at: .inbox, .wide(since: nil)).present
    let delivery = try await maildir.store.delivery(into: .inbox)
    for (ticket, key) in keys.enumerated() where present[key] == nil {
      let flags = ticket == 1 ? FlagSet(.seen, keywords: [.forwarded, Keyword("todo") ?? .forwarded]) : .none
      let letter = Letter(ticket: ticket, flags: flags, date: nil, key: key)
      try await delivery.add(letter, TextContent(Self.letters[ticket], pieceSize: 3))
    }
    for result in try await delivery.commit().values { _ = try result.get() }
  }

  @Test("a delivery that dies anywhere leaves nothing torn, and its second try stores each message once (L3, L5)")
  func dyingDelivery() async throws {
    try await Reactor.onShared {
      var fault = 1
      var hasDied = true
      while hasDied {
        let maildir = try await MaildirFixture.make(isSynced: false)
        let keys = try #require(maildir.store.reserveKeys(3, in: .inbox))
        try settle(maildir)
        // One at a time holds the root.
        await maildir.store.close()
        let system = FaultyFileSystem(root: maildir.path, faultAt: fault)
        let dying = try MaildirFixture(.nested, maildir.path, nil, fileSystem: system)
        hasDied = await fails { () throws(StoreError) in
          try await dying.store.open()
          try await deliverMissing(dying, keys)
        }
        // As the kernel does it for a process that died.
        await dying.store.close()
        #expect(contents(maildir, "INBOX").allSatisfy { ["one\n", "two\n", "three\n"].contains($0) })

        let next = try await MaildirFixture.make(folders: [], in: maildir.path, isSynced: false)
        try settle(next)
        try await deliverMissing(next, keys)
        #expect(contents(next, "INBOX") == ["one\n", "three\n", "two\n"], "died at operation \(fault)")
        #expect(
          next.names("INBOX/tmp").isEmpty && next.names(".martlet").allSatisfy { ["marker", "limbo"].contains($0) })
        await maildir.remove()
        fault += 1
      }
      #expect(fault > 25)
    }
  }

  @Test(
    "a full disk or a failure in the middle of a delivery passes, and nothing torn is left",
    arguments: [FileError.Kind.full, .notFound])
  func passingFault(kind: FileError.Kind) async throws {
    try await Reactor.onShared {
      var fault = 1
      var wasHit = true
      while wasHit {
        let maildir = try await MaildirFixture.make(isSynced: false)
        let keys = try #require(maildir.store.reserveKeys(3, in: .inbox))
        // One at a time holds the root.
        await maildir.store.close()
        let system = FaultyFileSystem(root: maildir.path, faultAt: fault, .once(kind))
        let faulty = try MaildirFixture(.nested, maildir.path, nil, fileSystem: system)
        var isDone = false
        for _ in 0..<3 where !isDone {
          try settle(maildir)
          isDone = await !fails { () throws(StoreError) in
            try await faulty.store.open()
            try await deliverMissing(faulty, keys)
          }
          #expect(contents(maildir, "INBOX").allSatisfy { ["one\n", "two\n", "three\n"].contains($0) })
        }
        wasHit = system.faultAt == nil
        #expect(contents(faulty, "INBOX") == ["one\n", "three\n", "two\n"], "operation \(fault) failed")
        await maildir.remove()
        fault += 1
      }
      #expect(fault > 25)
    }
  }

  @Test("changes that die anywhere lose no message and make no second one (L1, L3)")
  func dyingChanges() async throws {
    try await Reactor.onShared {
      var fault = 1
      var hasDied = true
      while hasDied {
        let maildir = try await MaildirFixture.make(folders: ["INBOX", "A"], isSynced: false)
        try maildir.write("INBOX/dovecot-keywords", "0 todo\n")
        for name in ["flagged", "moved", "deleted", "copied"] { try maildir.write("INBOX/cur/\(name):2,Sa", name) }
        try settle(maildir)
        // One at a time holds the root.
        await maildir.store.close()
        let system = FaultyFileSystem(root: maildir.path, faultAt: fault)
        let dying = try MaildirFixture(.nested, maildir.path, nil, fileSystem: system)
        let target = try name("A")
        hasDied = await fails { () throws(StoreError) in
          try await dying.store.open()
          let change = FlagChange(
            key: .file("flagged"), adding: FlagSet(.flagged, keywords: [Keyword("new") ?? .forwarded]), removing: .none)
          _ = try await dying.store.update([change], in: .inbox)
          _ = try await dying.store.move([.file("moved")], from: .inbox, to: target)
          _ = try await dying.store.copy([.file("copied")], from: .inbox, to: target)
          let deletion = try await dying.store.delete([.file("deleted")], in: .inbox)
          _ = try await dying.store.restore(Array(deletion.kept.values), to: target, taken: [])
        }
        await dying.store.close()
        let all = contents(maildir, "INBOX") + contents(maildir, "A") + limboContents(maildir)
        #expect(all.filter { $0 == "flagged" }.count == 1)
        #expect(all.filter { $0 == "moved" }.count == 1)
        #expect(all.filter { $0 == "deleted" }.count == 1)
        #expect(contents(maildir, "INBOX").filter { $0 == "copied" }.count == 1)
        #expect(contents(maildir, "A").filter { $0 == "copied" }.count <= 1)
        let look = try await maildir.store.look(at: .inbox, .wide(since: nil))
        #expect(look.present[.file("flagged")]?.flags.contains(try keyword("todo")) == true)
        await maildir.remove()
        fault += 1
      }
      #expect(fault > 30)
    }
  }

  @Loop
  private func limboContents(_ maildir: MaildirFixture) -> [String] {
    maildir.names(".martlet/limbo").flatMap { batch in
      maildir.names(".martlet/limbo/\(batch)").map { maildir.text(".martlet/limbo/\(batch)/\($0)") }
    }
  }

  @Loop
  private func fails(_ body: @Loop () async throws(StoreError) -> Void) async -> Bool {
    do {
      try await body()
      return false
    } catch {
      return true
    }
  }
}
