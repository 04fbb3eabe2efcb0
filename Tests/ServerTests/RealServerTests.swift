import Engine
import Mail
import Ports
import Reconciliation
import Support
import Testing

/// The store against real servers, with less and less on offer.
@Suite("An IMAP store on a real server")
struct RealServerTests {
  @Test("sees what came, changed and went since the last look", arguments: Peer.allCases)
  func looks(peer: Peer) async throws {
    try await peer.with { world in
      for number in 1...4 { try await world.client.append(letter(number)) }
      let first = try await world.wide(.inbox, since: nil)
      #expect(first.coverage == .complete)
      #expect(first.present.keys.sorted() == [.uid(1), .uid(2), .uid(3), .uid(4)])
      #expect(first.present[.uid(2)]?.traits?.wireSize == letter(2).count)
      #expect(first.present[.uid(2)]?.traits?.messageID == "<2@example.org>")
      #expect(first.present[.uid(2)]?.traits?.date != nil)

      try await world.client.store(.add, FlagSet([.flagged]), on: [1])
      try await world.client.expunge([2])
      try await world.client.append(letter(5), flags: FlagSet([.seen]))
      let second = try await world.wide(.inbox, since: first.checkpoint)
      #expect(second.present[.uid(1)]?.flags == FlagSet([.flagged]))
      #expect(second.present[.uid(5)]?.flags == FlagSet([.seen]))
      #expect(second.present[.uid(5)]?.traits?.messageID == "<5@example.org>")
      #expect(second.coverage == .complete ? second.present[.uid(2)] == nil : second.gone == [.uid(2)])

      let third = try await world.wide(.inbox, since: second.checkpoint)
      #expect(third.gone.isEmpty)
      if peer == .dovecot || peer == .cyrus { #expect(third.isEmpty) }
    }
  }

  /// The connection that looks has the mailbox open already, and was not told yet.
  @Test("shows, reads and marks what another client has stored a moment ago (L1, L6)", arguments: Peer.allCases)
  func justStored(peer: Peer) async throws {
    try await peer.with { world in
      try await world.client.append(letter(1))
      _ = try await world.wide(.inbox, since: nil)
      for number in stride(from: 2, to: 20, by: 3) as StrideTo<UInt32> {
        let keys = (number...number + 2).compactMap { UID(rawValue: $0) }.map { MessageKey.uid($0) }
        try await world.client.append(letter(Int(number)))
        #expect(try await world.store.look(at: .inbox, .messages([keys[0]])).present[keys[0]] != nil)
        try await world.client.append(letter(Int(number) + 1))
        #expect(try await world.store.identify([keys[1]], in: .inbox)[keys[1]] != nil)
        try await world.client.append(letter(Int(number) + 2))
        let change = FlagChange(key: keys[2], adding: FlagSet(.flagged), removing: .none)
        #expect(try await world.store.update([change], in: .inbox).shown[keys[2]] == FlagSet(.flagged))
      }
    }
  }

  @Test("reads messages as they are, and says which they are", arguments: Peer.allCases)
  func reads(peer: Peer) async throws {
    try await peer.with { world in
      let letters = (1...230).map { letter($0, body: String(repeating: "x\r\n", count: $0 * 20)) }
      try await world.client.append(contentsOf: letters.map { MailClient.Draft($0) })
      _ = try await world.wide(.inbox, since: nil)
      try await world.client.expunge([7])
      var read: [MessageKey: [UInt8]] = [:]
      let keys = (1...230).compactMap { UID(rawValue: $0) }.map { MessageKey.uid($0) }
      try await world.store.read(keys, in: .inbox) { key, result async throws(StoreError) in
        read[key] = try await result.get().all()
      }
      #expect(read.count == 229)
      #expect(read[.uid(7)] == nil)
      for (index, letter) in letters.enumerated() where index != 6 {
        #expect(read[.uid(UID(rawValue: UInt32(index + 1)) ?? .first)] == letter)
      }
      let identified = try await world.store.identify([.uid(3), .uid(7)], in: .inbox)
      #expect(identified[.uid(3)]?.identity.messageID == "<3@example.org>")
      #expect(identified[.uid(3)]?.identity.wireSize == letters[2].count)
      #expect(identified[.uid(3)]?.date != nil)
      #expect(identified[.uid(7)] == nil)
    }
  }

  @Test("stores messages and knows where they are (L3)", arguments: Peer.allCases)
  func delivers(peer: Peer) async throws {
    try await peer.with { world in
      try await world.client.append(letter(1))
      _ = try await world.wide(.inbox, since: nil)
      let delivery = try await world.store.delivery(into: .inbox)
      let date = InternalDate(secondsSince1970: 1_000_000_000)
      let keyword = try #require(Keyword("Work"))
      for ticket in 0..<40 {
        let flags = ticket == 3 ? FlagSet([.seen], keywords: [keyword]) : FlagSet([.seen])
        // Two of them are the same message.
        let octets = letter(ticket == 21 ? 120 : 100 + ticket, body: String(repeating: "y\r\n", count: 100))
        try await delivery.add(
          Letter(ticket: ticket, flags: flags, date: date, key: nil), LetterContent(octets, date: date))
      }
      let results = try await delivery.commit()
      #expect(results.count == 40)
      let there = try await world.client.messages()
      #expect(there.count == 41)
      let byUID = Dictionary(uniqueKeysWithValues: there.map { (MessageKey.uid($0.uid), $0) })
      for ticket in 0..<40 {
        let delivered = try #require(try results[ticket]?.get())
        let message = try #require(byUID[delivered.key])
        #expect(message.flags == delivered.flags)
        #expect(message.internalDate == date)
        #expect(message.bytes.count == delivered.identity.wireSize)
        #expect(delivered.identity.messageID == "<\(ticket == 21 ? 120 : 100 + ticket)@example.org>")
      }
      #expect(Set(try results.values.map { try $0.get().key }).count == 40)
    }
  }

  @Test("marks messages, and tells how they are marked then (L6)", arguments: Peer.allCases)
  func updates(peer: Peer) async throws {
    try await peer.with { world in
      for number in 1...3 { try await world.client.append(letter(number), flags: FlagSet([.seen])) }
      _ = try await world.wide(.inbox, since: nil)
      try await world.client.expunge([3])
      let keyword = try #require(Keyword("$Work"))
      let changes = [
        FlagChange(key: .uid(1), adding: FlagSet([.flagged], keywords: [keyword]), removing: FlagSet([.seen])),
        FlagChange(key: .uid(2), adding: FlagSet([.seen]), removing: .none),
        FlagChange(key: .uid(3), adding: FlagSet([.flagged]), removing: .none),
      ]
      let shown = try await world.store.update(changes, in: .inbox).shown
      #expect(
        shown == [.uid(1): FlagSet([.flagged], keywords: [keyword]), .uid(2): FlagSet([.seen])])
      #expect(try await world.client.flags() == [1: FlagSet([.flagged], keywords: [keyword]), 2: FlagSet([.seen])])
    }
  }

  @Test("deletes what it is asked to, and nothing else that is marked (L10)", arguments: Peer.allCases)
  func deletes(peer: Peer) async throws {
    try await peer.with { world in
      for number in 1...5 { try await world.client.append(letter(number)) }
      _ = try await world.wide(.inbox, since: nil)
      let first = try await world.store.delete([.uid(1), .uid(2)], in: .inbox)
      #expect(first.gone == [.uid(1), .uid(2)])
      try await world.client.store(.add, FlagSet([.deleted]), on: [4])
      let second = try await world.store.delete([.uid(3)], in: .inbox)
      #expect(second.gone == (peer.hasUIDPlus ? [.uid(3)] : []))
      let left = try await world.client.flags()
      #expect(left[4] == FlagSet([.deleted]))
      #expect(left[5] == FlagSet.none)
      #expect((left[3] == nil) == peer.hasUIDPlus)
    }
  }

  @Test("copies and moves without transfer, and knows which became which", arguments: Peer.allCases)
  func copies(peer: Peer) async throws {
    try await peer.with { world in
      let archive = try #require(FolderName("Archive/Übung"))
      for number in 1...4 { try await world.client.append(letter(number)) }
      try await world.store.createFolder(archive)
      _ = try await world.wide(.inbox, since: nil)
      _ = try await world.wide(archive, since: nil)
      let copied = try await world.store.copy([.uid(3), .uid(1)], from: .inbox, to: archive)
      #expect(copied.count == 2)
      let moved = try await world.store.move([.uid(4), .uid(2)], from: .inbox, to: archive)
      #expect(moved.keys.count == 2)
      let target = try await world.client.messages(in: archive)
      #expect(target.count == 4)
      for (number, key) in [
        (3, copied[.uid(3)]), (1, copied[.uid(1)]), (4, moved.keys[.uid(4)]), (2, moved.keys[.uid(2)]),
      ] {
        #expect(target.first { .uid($0.uid) == key }?.bytes == letter(number))
      }
      #expect(try await world.client.messages().map(\.bytes) == [letter(1), letter(3)])
    }
  }

  @Test("lists, makes and removes folders of any name", arguments: Peer.allCases)
  func folders(peer: Peer) async throws {
    try await peer.with { world in
      let deep = try #require(FolderName("Über/den/Wolken"))
      let quoted = try #require(FolderName("a (b) & c"))
      try await world.store.createFolder(deep)
      try await world.store.createFolder(quoted)
      try await world.client.append(letter(1), to: quoted)
      let entries = try await world.store.folders()
      let names = entries.filter(\.holdsMessages).map(\.name)
      #expect(names.contains(.inbox) && names.contains(deep) && names.contains(quoted))
      guard case .imap(let state)? = entries.first(where: { $0.name == quoted })?.checkpoint else {
        Issue.record("no checkpoint for \(quoted)")
        return
      }
      #expect(state.messageCount == 1)
      #expect((state.highestModSeq > .none) == peer.hasModSeq)
      await #expect(throws: StoreError.self) { try await world.store.removeFolder(quoted) }
      await #expect(throws: StoreError.self) { try await world.store.removeFolder(.inbox) }
      await #expect(throws: StoreError.self) { try await world.store.removeFolder(try #require(FolderName("Über"))) }
      try await world.store.removeFolder(deep)
      #expect(try await !world.store.folders().contains { $0.name == deep && $0.holdsMessages })
    }
  }
}
