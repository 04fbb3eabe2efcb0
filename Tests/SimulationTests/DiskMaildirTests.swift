import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Simulation
import Support
import Testing

/// The real store on the simulated disk.
@Suite("A Maildir on a simulated disk")
struct DiskMaildirTests {
  @Loop
  private final class Text: MessageContent {
    let wireSize: Int
    let date: InternalDate? = nil
    private var rest: [UInt8]?

    init(_ text: String) {
      rest = Array(text.utf8)
      wireSize = text.utf8.count
    }

    func next() async throws(StoreError) -> [UInt8]? {
      defer { rest = nil }
      return rest
    }
  }

  @Loop
  private func deliver(
    _ texts: [String], _ store: MaildirStore, flags: FlagSet = .none
  ) async throws -> [MessageKey] {
    let delivery = try await store.delivery(into: .inbox)
    for (ticket, text) in texts.enumerated() {
      let letter = Letter(
        ticket: ticket, flags: flags, date: InternalDate(secondsSince1970: 1_000_000_000), key: nil)
      try await delivery.add(letter, Text(text))
    }
    let result = try await delivery.commit()
    return try texts.indices.compactMap { try result[$0]?.get().key }
  }

  /// What stands under a name's second place: the file itself, there or in the same directory, one with the same content,
  /// or one with another.
  enum Second: CaseIterable { case link, neighbour, copy, another }

  @Test("loses the second name of a file, and no second file of a name (L1, L3)", arguments: Second.allCases)
  func secondNames(second: Second) async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let (disk, inbox) = (fixture.disk, "/mail/INBOX")
      let store = fixture.store(marker: nil)
      try await store.open()
      try await store.createFolder(.inbox)
      try disk.write("\(inbox)/new/x", "one")
      switch second {
      case .link: try disk.link("\(inbox)/new/x", "\(inbox)/cur/x:2,S")
      case .neighbour:
        try disk.rename("\(inbox)/new/x", "\(inbox)/cur/x:2,")
        try disk.link("\(inbox)/cur/x:2,", "\(inbox)/cur/x:2,S")
      case .copy: try disk.write("\(inbox)/cur/x:2,S", "one")
      case .another: try disk.write("\(inbox)/cur/x:2,S", "another")
      }
      let isOneFile = second == .link || second == .neighbour
      var look = try await store.look(at: .inbox, .wide(since: nil))
      #expect(look.unreadable.isEmpty == isOneFile)
      fixture.clock.advance(by: .seconds(600))
      look = try await store.look(at: .inbox, .wide(since: nil))
      #expect(look.coverage == .complete)
      #expect(look.unreadable.isEmpty == (second != .copy))
      if second == .another {
        // Neither keeps the name that the base may know the other by.
        #expect(Set(look.present.values.map(\.flags)) == [.none, FlagSet(.seen)])
        #expect(look.present[.file("x")] == nil)
        let found = try await store.identify(look.present.keys.sorted(), in: .inbox)
        #expect(Set(found.values.map(\.identity.wireSize)) == [3, 7])
      } else {
        #expect(look.present.mapValues(\.flags) == [.file("x"): second == .neighbour ? .none : FlagSet(.seen)])
        #expect(disk.list("\(inbox)/new") == (isOneFile ? [] : ["x"]))
        #expect(disk.files(below: "\(inbox)/cur").map { String(decoding: $0.bytes, as: UTF8.self) } == ["one"])
      }
    }
  }

  @Test("leaves both names of a file for a moment to a program that may be about to remove either (L1)")
  func secondNameOfTheMoment() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture(jump: .zero)
      let (disk, inbox) = (fixture.disk, "/mail/INBOX")
      let store = fixture.store(marker: nil)
      try await store.open()
      try await store.createFolder(.inbox)
      fixture.clock.advance(by: .seconds(600))
      try disk.write("\(inbox)/cur/x:2,S", "one")
      try disk.link("\(inbox)/cur/x:2,S", "\(inbox)/new/x")
      let looking = Loop.task {
        do { _ = try await store.look(at: .inbox, .wide(since: nil)) } catch { Issue.record("\(error)") }
      }
      for step in 0..<100 {
        for _ in 0..<20 { await Task.yield() }
        // A listing waits for two seconds here, until times can tell.
        if step == 30 { try disk.unlink("\(inbox)/cur/x:2,S") }
        fixture.clock.advance(by: .milliseconds(100))
      }
      await looking.value
      #expect(disk.text("\(inbox)/new/x") == "one")
    }
  }

  enum TableWriter: CaseIterable { case writes, locks, hasLocked }

  @Test("gives out no letter that another gives out just then, nor loses one (L6)", arguments: TableWriter.allCases)
  func tableWrittenMeanwhile(another: TableWriter) async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let (disk, inbox) = (fixture.disk, "/mail/INBOX")
      let store = fixture.store(marker: nil)
      try await store.open()
      try await store.createFolder(.inbox)
      for name in ["x", "y"] { try disk.write("\(inbox)/cur/\(name):2,", name) }
      let work = Keyword("Work")
      let change = FlagChange(key: .file("x"), adding: FlagSet(keywords: try [#require(work)]), removing: .none)
      // Dovecot's way: the lock becomes the table.
      let table = "\(inbox)/dovecot-keywords"
      if another == .hasLocked { try disk.write("\(table).lock", "0 Mine\n") }
      disk.trouble.latency = .milliseconds(1)
      var shown: [MessageKey: FlagSet]?
      let updating = Loop.task {
        do { shown = try await store.update([change], in: .inbox).shown } catch { Issue.record("\(error)") }
      }
      while another != .hasLocked, disk.list("\(inbox)/tmp").isEmpty { await Task.yield() }
      switch another {
      case .writes: try disk.write(table, "0 Mine\n")
      case .locks:
        try disk.write("\(table).lock", "0 Mine\n")
        while !disk.list("\(inbox)/tmp").isEmpty { await Task.yield() }
        try disk.rename("\(table).lock", table)
      case .hasLocked:
        for _ in 0..<20 {
          await Task.yield()
          #expect(disk.list("\(inbox)/tmp").isEmpty, "nothing is written before it is our turn")
        }
        try disk.rename("\(table).lock", table)
      }
      try disk.rename("\(inbox)/cur/y:2,", "\(inbox)/cur/y:2,a")
      await updating.value
      #expect(shown == [.file("x"): FlagSet(keywords: [try #require(work)])])
      #expect(disk.text(table) == "0 Mine\n1 Work\n")
      #expect(disk.list("\(inbox)/cur") == ["x:2,b", "y:2,a"])
      #expect(disk.list("\(inbox)/tmp").isEmpty)
    }
  }

  @Test("is opened, filled, looked at, flagged, moved in, deleted from, and read")
  func aStoresLife() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let store = fixture.store(marker: nil)
      let archive = try #require(FolderName("Archive"))
      try await store.open()
      for folder in [.inbox, archive] { try await store.createFolder(folder) }
      #expect(try await store.folders().map(\.name) == [archive, .inbox])
      let keys = try await deliver(["one\r\n", "two\r\n", "three\r\n"], store)
      #expect(fixture.disk.files(below: "/mail/INBOX/new").map(\.bytes.count).sorted() == [4, 4, 6])

      let change = FlagChange(key: keys[0], adding: FlagSet(.seen, keywords: [.forwarded]), removing: .none)
      #expect(try await store.update([change], in: .inbox).shown[keys[0]] == FlagSet(.seen, keywords: [.forwarded]))
      let moved = try await store.move([keys[1]], from: .inbox, to: archive)
      let deletion = try await store.delete([keys[2]], in: .inbox)
      let look = try await store.look(at: .inbox, .wide(since: nil))
      #expect(look.coverage == .complete && Set(look.present.keys) == [keys[0]])
      #expect(Set(try await store.look(at: archive, .wide(since: nil)).present.keys) == Set(moved.keys.values))
      let restored = try await store.restore(Array(deletion.kept.values), to: .inbox, taken: [])
      #expect(try await store.look(at: .inbox, .wide(since: nil)).present.count == 2)
      let identified = try await store.identify(Array(restored.values), in: .inbox)
      #expect(identified.values.map(\.date?.secondsSince1970) == [1_000_000_000])
      await store.close()
      // All of it was made durable.
      let before = fixture.disk.files(below: "/mail/INBOX")
      fixture.crash(.powerCut, seed: 5)
      #expect(fixture.disk.files(below: "/mail/INBOX") == before)
    }
  }

  @Test("what is to be secured survives a power cut with the folder that somebody made for it (L4)", arguments: 1...20)
  func securesTheWay(seed: UInt64) async throws {
    try await Reactor.onShared {
      var traits = DiskTraits()
      traits.journal = .byDirectory
      let fixture = try DiskFixture(traits)
      let store = fixture.store(marker: nil)
      try await store.open()
      for part in ["cur", "new", "tmp"] { try fixture.disk.makeDirectory("/mail/A/B/\(part)") }
      try fixture.disk.write("/mail/A/B/new/x", "x")
      let folder = try #require(FolderName("A/B"))
      try await store.secure([.file("x")], in: folder)
      for part in ["cur", "new", "tmp"] { try fixture.disk.makeDirectory("/mail/INBOX/\(part)") }
      _ = try await deliver(["y\r\n"], store)
      fixture.crash(.powerCut, seed: seed)
      #expect(fixture.disk.text("/mail/A/B/new/x") == "x")
      #expect(fixture.disk.list("/mail/INBOX/new").count == 1)
    }
  }

  @Test("makes the marker durable, too, that another martlet made and did not live to (L8)")
  func foundMarker() async throws {
    try await Reactor.onShared {
      for seed in UInt64(0)..<8 {
        let fixture = try DiskFixture()
        try fixture.disk.makeDirectory("/mail/.martlet")
        try fixture.disk.write("/mail/.martlet/marker", "one\n")
        let store = fixture.store(marker: nil)
        try await store.open()
        #expect(store.marker == "one")
        fixture.crash(.powerCut, seed: seed)
        #expect(fixture.disk.text("/mail/.martlet/marker") == "one\n")
      }
    }
  }

  @Test("sees what another program does through its watch")
  func watch() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let disk = fixture.disk
      let store = fixture.store(marker: nil)
      try await store.open()
      try await store.createFolder(.inbox)
      #expect(try await store.watch([.inbox]) == [.inbox: .inotify])
      try disk.write("/mail/INBOX/tmp/a", "x")
      try disk.rename("/mail/INBOX/tmp/a", "/mail/INBOX/new/a")
      #expect(try await store.nextEvents() == [.changed(.inbox)])
      #expect(try await store.look(at: .inbox, .pending).present.keys.map { $0 } == [.file("a")])
      try disk.rename("/mail/INBOX/new/a", "/mail/INBOX/cur/a:2,S")
      #expect(try await store.nextEvents() == [.changed(.inbox)])
      #expect(try await store.look(at: .inbox, .pending).present == [.file("a"): Observation(flags: FlagSet(.seen))])
      // neomutt: linked, then dated; told when it is quiet.
      try disk.write("/mail/INBOX/tmp/b", "x")
      try disk.link("/mail/INBOX/tmp/b", "/mail/INBOX/cur/b:2,")
      try disk.unlink("/mail/INBOX/tmp/b")
      try disk.setModificationTime("/mail/INBOX/cur/b:2,", to: InternalDate(secondsSince1970: 7))
      #expect(try await store.nextEvents() == [.changed(.inbox)])
      #expect(try await store.look(at: .inbox, .pending).present.keys.map { $0 } == [.file("b")])
      try disk.unlink("/mail/INBOX/cur/a:2,S")
      #expect(try await store.nextEvents() == [.changed(.inbox)])
      #expect(try await store.look(at: .inbox, .pending) == Look(coverage: .changes, gone: [.file("a")]))
      disk.overflowWatchers()
      #expect(try await store.nextEvents() == [.everythingUncertain, .foldersChanged])
      await store.close()
    }
  }

  @Test("stops where its file system is not mounted, and finds itself again (law L8)")
  func unmounted() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      var dice = Dice(seed: 1)
      let store = fixture.store(marker: nil)
      try await store.open()
      store.rely()
      try await store.createFolder(.inbox)
      _ = try await deliver(["one\r\n"], store)
      await store.close()
      for rest in [MountPoint.emptyDirectory, .nothing] {
        try fixture.disk.unmount("/mail", leaving: rest, dice: &dice)
        let error = await #expect(throws: StoreError.self) { try await store.open() }
        #expect(error?.kind == .needsPerson)
        try fixture.disk.mount("/mail")
        try await store.open()
        #expect(try await store.look(at: .inbox, .wide(since: nil)).present.count == 1)
        await store.close()
      }
    }
  }

  /// Every step of a delivery, both loss models, both kinds of journal, several dice: what was committed is there, what
  /// is there is whole, and the next martlet delivers the rest (law L5).
  @Test(
    "keeps what was committed, and nothing torn, wherever it dies", arguments: [DiskTraits.Journal.whole, .byDirectory])
  func crashes(journal: DiskTraits.Journal) async throws {
    try await Reactor.onShared {
      var traits = DiskTraits()
      traits.journal = journal
      var deaths = 0
      for step in 1...200 {
        var hasDied = false
        for seed in UInt64(0)...6 {
          hasDied = try await crash(at: step, traits, seed == 0 ? .processOnly : .powerCut, seed: seed)
        }
        guard hasDied else { break }
        deaths += 1
      }
      #expect(deaths > 10 && deaths < 200)
    }
  }

  /// False where the delivery ended before that step.
  @Loop
  private func crash(at step: Int, _ traits: DiskTraits, _ model: LossModel, seed: UInt64) async throws -> Bool {
    let texts = ["one\r\n", "two two\r\n", "three three three\r\n", "four\r\n", "five\r\n"]
    let fixture = try DiskFixture(traits)
    let store = fixture.store(marker: nil)
    try await store.open()
    try await store.createFolder(.inbox)
    await store.close()
    let marker = try #require(store.marker)
    fixture.restart(deathStep: step)
    var delivered: [MessageKey] = []
    do {
      let doomed = fixture.store(marker: marker, processID: 2)
      try await doomed.open()
      delivered = try await deliver(texts, doomed)
    } catch {
      #expect(fixture.life.isDead)
    }
    let hasDied = fixture.life.isDead
    fixture.crash(model, seed: seed)
    let next = fixture.store(marker: marker, processID: 3)
    try await next.open()
    let look = try await next.look(at: .inbox, .wide(since: nil))
    #expect(look.coverage == .complete && look.unreadable.isEmpty)
    #expect(Set(look.present.keys).isSuperset(of: delivered))
    for file in fixture.disk.files(below: "/mail/INBOX/new") {
      #expect(texts.contains(String(decoding: file.bytes, as: UTF8.self).replacing("\n", with: "\r\n")))
      #expect(file.modified == 1_000_000_000_000_000_000)
    }
    // Leftovers are swept, so the next delivery finds a clean place.
    _ = try await deliver(["later\r\n"], next)
    #expect(fixture.disk.list("/mail/INBOX/tmp").isEmpty)
    #expect(try await next.look(at: .inbox, .wide(since: nil)).present.count == look.present.count + 1)
    await next.close()
    return hasDied
  }
}
