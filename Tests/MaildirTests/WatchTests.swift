import Foundation
import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Testing

/// The sequences of protocol.md §6, played by real renames and links on a watched Maildir.
@Suite("Watching a Maildir")
struct WatchTests {
  private func watched(_ folders: [String] = ["INBOX", "A"]) async throws -> MaildirFixture {
    let maildir = try await MaildirFixture.make(folders: folders)
    let kinds = try await maildir.store.watch(folders.map(name))
    #expect(kinds.count == folders.count && kinds.values.allSatisfy { $0 == .inotify })
    return maildir
  }

  /// Nil where the wait was ended.
  @Loop
  private func waiter(_ maildir: MaildirFixture) -> Task<[StoreEvent]?, Never> {
    Loop.task {
      do {
        return try await maildir.store.nextEvents()
      } catch {
        return nil
      }
    }
  }

  @Test("what is gone is told from names that begin with its own, and from its next name")
  func similarNames() async throws {
    try await Reactor.onShared {
      let maildir = try await watched()
      for name in ["cur/a:2,", "cur/ab:2,S", "new/a.b", "new/b", "cur/c:2,", "new/c.2"] {
        try maildir.write("INBOX/" + name, "x")
      }
      let keys: Set<MessageKey> = [.file("a"), .file("b"), .file("c")]
      #expect(try await maildir.store.look(at: .inbox, .messages(keys)).present.count == 3)
      for name in ["cur/a:2,", "cur/c:2,"] { try maildir.unlink("INBOX/" + name) }
      try maildir.rename("INBOX/new/b", "INBOX/cur/b:2,F")
      let look = try await maildir.store.look(at: .inbox, .messages(keys))
      #expect(look.gone == [.file("a"), .file("c")])
      #expect(look.present == [.file("b"): Observation(flags: FlagSet(.flagged))])
      await maildir.remove()
    }
  }

  @Test("delivery by rename, reading, flagging and deletion are each seen in a narrow look")
  func aMessagesLife() async throws {
    try await Reactor.onShared {
      let maildir = try await watched()
      try maildir.write("INBOX/tmp/a", "x")
      try maildir.rename("INBOX/tmp/a", "INBOX/new/a")
      #expect(try await maildir.store.nextEvents() == [.changed(.inbox)])
      #expect(try await maildir.pending() == Look(coverage: .changes, present: [.file("a"): Observation(flags: .none)]))
      #expect(try await maildir.pending().isEmpty)

      try maildir.rename("INBOX/new/a", "INBOX/cur/a:2,S")
      #expect(try await maildir.store.nextEvents() == [.changed(.inbox)])
      #expect(try await maildir.pending().present == [.file("a"): Observation(flags: FlagSet(.seen))])

      try maildir.rename("INBOX/cur/a:2,S", "INBOX/new/a:2,F")
      #expect(try await maildir.store.nextEvents() == [.changed(.inbox)])
      #expect(try await maildir.pending().present == [.file("a"): Observation(flags: FlagSet(.flagged))])

      try maildir.unlink("INBOX/new/a:2,F")
      #expect(try await maildir.store.nextEvents() == [.changed(.inbox)])
      let last = try await maildir.pending()
      #expect(last == Look(coverage: .changes, gone: [.file("a")]))
      await maildir.remove()
    }
  }

  @Test("what was replaced while the kernel's queue was full is watched anew once the tree was walked (L2)")
  func replacedInOverflow() async throws {
    try await Reactor.onShared {
      let maildir = try await watched()
      try maildir.write("INBOX/cur/a", "x")
      let limit = try #require(
        Int(String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8).filter(\.isNumber)))
      for round in 0...limit / 2 {
        let names = round % 2 == 0 ? ("a", "b") : ("b", "a")
        try maildir.rename("INBOX/cur/\(names.0)", "INBOX/cur/\(names.1)")
      }
      try maildir.rename("A/cur", "A/tmp/cur")
      try maildir.makeDirectory("A/cur")
      var told: [StoreEvent] = []
      while !told.contains(.everythingUncertain) { told = try await maildir.store.nextEvents() }
      _ = try await maildir.store.folders()
      try maildir.write("A/tmp/c", "x")
      try maildir.rename("A/tmp/c", "A/cur/c")
      #expect(try await maildir.store.nextEvents() == [.changed(name("A"))])
      await maildir.remove()
    }
  }

  @Test("neomutt's save is told when the date is set: link, unlink, date, and the deletion later")
  func neomuttSave() async throws {
    try await Reactor.onShared {
      let maildir = try await watched()
      try maildir.write("A/tmp/b", "x")
      try maildir.link("A/tmp/b", "A/cur/b:2,S")
      try maildir.unlink("A/tmp/b")
      try maildir.setTime("A/cur/b:2,S", 1_000_000_000)
      #expect(try await maildir.store.nextEvents() == [.changed(name("A"))])
      #expect(try await maildir.pending(name("A")).present.keys.map { $0 } == [.file("b")])
      let identified = try await maildir.store.identify([.file("b")], in: name("A"))
      #expect(identified[.file("b")]?.date?.secondsSince1970 == 1_000_000_000)
      await maildir.remove()
    }
  }

  @Test("a message moved between folders says where it came from")
  func moveBetweenFolders() async throws {
    try await Reactor.onShared {
      let maildir = try await watched()
      try maildir.write("INBOX/cur/a:2,S", "x")
      _ = try await maildir.lookWide()
      _ = try await maildir.pending()
      try maildir.rename("INBOX/cur/a:2,S", "A/cur/a:2,S")
      var events: Set<StoreEvent> = []
      while events.count < 2 { events.formUnion(try await maildir.store.nextEvents()) }
      #expect(events == [.changed(.inbox), .changed(try name("A"))])
      let there = try await maildir.pending(name("A"))
      #expect(
        there.present[.file("a")]?.traits?.movedFrom == MovedFrom(folder: .inbox, key: .file("a")))
      #expect(try await maildir.pending().gone == [.file("a")])
      await maildir.remove()
    }
  }

  @Test("a message that only changed its name is never called gone (law L1)")
  func renamedBehindTheLook() async throws {
    try await Reactor.onShared {
      let maildir = try await watched()
      try maildir.write("INBOX/new/a", "x")
      _ = try await maildir.store.nextEvents()
      // The event names new/a; by the time of the look it is elsewhere under another name.
      try maildir.rename("INBOX/new/a", "INBOX/cur/a:2,FS")
      let look = try await maildir.pending()
      #expect(look.gone.isEmpty)
      #expect(look.present == [.file("a"): Observation(flags: FlagSet([.seen, .flagged]))])
      await maildir.remove()
    }
  }

  @Test("our own changes echo as what is there already (law L2)")
  func echo() async throws {
    try await Reactor.onShared {
      let maildir = try await watched()
      let delivered = try await maildir.deliver("x\r\n")
      let change = FlagChange(key: delivered.key, adding: FlagSet(.seen, keywords: [.forwarded]), removing: .none)
      let shown = try await maildir.store.update([change], in: .inbox).shown
      #expect(try await maildir.store.nextEvents() == [.changed(.inbox)])
      #expect(try await maildir.pending().present.mapValues(\.flags) == shown)
      await maildir.remove()
    }
  }

  @Test("a burst is told together and looked at by one listing")
  func burst() async throws {
    try await Reactor.onShared {
      let maildir = try await watched()
      for number in 0..<1000 { try maildir.write("INBOX/new/m\(number)", "x") }
      var found = 0
      while found < 1000 {
        #expect(try await maildir.store.nextEvents() == [.changed(.inbox)])
        found += try await maildir.pending().present.count
      }
      #expect(found == 1000)
      await maildir.remove()
    }
  }

  @Test("a new folder is told when it is whole, and can then be watched")
  func newFolder() async throws {
    try await Reactor.onShared {
      let maildir = try await watched(["INBOX"])
      for directory in ["B", "B/C", "B/C/tmp", "B/C/new", "B/C/cur"] { try maildir.makeDirectory(directory) }
      try maildir.write("B/C/new/early", "x")
      var names: [FolderName] = []
      let wanted = try name("B/C")
      while !names.contains(wanted) {
        #expect(try await maildir.store.nextEvents() == [.foldersChanged])
        names = try await maildir.store.folders().map(\.name)
      }
      #expect(try await maildir.store.watch([.inbox, wanted])[wanted] == .inotify)
      #expect(try await maildir.lookWide(wanted).present.keys.map { $0 } == [.file("early")])
      try maildir.write("B/C/new/late", "x")
      #expect(try await maildir.store.nextEvents() == [.changed(wanted)])
      await maildir.remove()
    }
  }

  @Test("a renamed folder is told of, and nothing under its old name any more")
  func renamedFolder() async throws {
    try await Reactor.onShared {
      let maildir = try await watched()
      try maildir.write("A/cur/a:2,S", "x")
      _ = try await maildir.store.nextEvents()
      _ = try await maildir.pending(name("A"))
      try maildir.rename("A", "B")
      try maildir.write("B/cur/b:2,S", "x")
      var events: Set<StoreEvent> = []
      while !events.contains(.foldersChanged) { events.formUnion(try await maildir.store.nextEvents()) }
      #expect(!events.contains(.changed(try name("B"))))
      #expect(try await maildir.store.folders().map(\.name) == [name("B"), .inbox])
      let error = await #expect(throws: StoreError.self) { try await maildir.pending(name("A")) }
      #expect(error?.scope == .folder)
      #expect(try await maildir.store.watch([name("B"), .inbox]).count == 2)
      try maildir.write("B/cur/c:2,S", "x")
      #expect(try await maildir.store.nextEvents() == [.changed(name("B"))])
      #expect(try await maildir.pending(name("B")).present.keys.map { $0 } == [.file("c")])
      await maildir.remove()
    }
  }

  @Test("a folder that cannot be watched is polled, with the reason")
  func unwatchable() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      let missing = try name("missing")
      let kinds = try await maildir.store.watch([missing, .inbox])
      #expect(kinds == [missing: .poll, .inbox: .inotify])
      #expect(maildir.store.watchFailures.keys.map { $0 } == [missing])
      await maildir.remove()
    }
  }

  @Test("waiting ends when the task is cancelled, and when the store is closed")
  func cancellation() async throws {
    try await Reactor.onShared {
      let maildir = try await watched()
      let waiting = waiter(maildir)
      waiting.cancel()
      #expect(await waiting.value == nil)
      // A cancelled wait takes no event with it, also where one is ripening.
      try maildir.write("A/tmp/x", "x")
      try maildir.link("A/tmp/x", "A/new/x")
      let second = waiter(maildir)
      await Task.yield()
      second.cancel()
      // On a crowded machine it may be ripe before the wait is cancelled.
      var told = await second.value
      if told == nil { told = try await maildir.store.nextEvents() }
      #expect(try told == [.changed(name("A"))])
      let third = waiter(maildir)
      await Task.yield()
      await maildir.store.close()
      #expect(await third.value == nil)
      await maildir.remove()
    }
  }
}
