import Engine
import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Support
import Testing

/// What a chain of looks adds up to is what the server holds, whatever it lacks, however it surprises, and whoever
/// changes its mailboxes meanwhile.
@Suite("Looks at a changing simulated server", .timeLimit(.minutes(2)))
struct ServerTruthTests {
  @Test("add up to what it holds", arguments: 1...100)
  func truth(seed: UInt64) async throws {
    var dice = Dice(seed: seed)
    try await ServerStage.play(Self.kind(&dice), seed: seed) { [dice] stage in
      var dice = dice
      var known: [MessageKey: FlagSet] = [:]
      var last: Look?
      var deleted: Set<UID> = []
      _ = try await stage.store.folders()
      for round in 1...12 {
        for _ in 0..<dice.below(5) { stage.change(&dice) }
        let busy = round % 3 == 0 ? nil : stage.changeMeanwhile(Dice(seed: dice.next()))
        // One that a server refuses because of what was expunged meanwhile is taken again.
        let look = try await stage.wideOrRefused(since: last)
        await busy?.value
        if let look { try known.follow(look) }
        if look?.checkpoint != nil { last = look }
        if dice.happens(30) { try await stage.act(&dice, &deleted) }
      }
      var final: Look?
      while final == nil { final = try await stage.wideOrRefused(since: last) }
      if let final { try known.follow(final) }
      #expect(known == stage.truth())
      // Law L10.
      #expect(stage.server.record.expunges.allSatisfy { deleted.contains($0.uid) })
    }
  }

  private static func kind(_ dice: inout Dice) -> ServerKind {
    var missing: ServerExtensions = []
    for (known, _) in ServerExtensions.names where dice.happens(25) { missing.insert(known) }
    return ServerKind("random", without: missing) { kind in
      if dice.happens(60) { kind.profile.surprisePercent = 10 + dice.below(50) }
      if dice.happens(50) { kind.conditions = .lively }
      kind.profile.remembersExpunges = dice.happens(70)
      kind.profile.pushesUIDs = dice.happens(30)
      kind.profile.answersBeforeNews = dice.happens(50)
      kind.profile.tellsUIDNextInSelect = dice.happens(80)
    }
  }
}

extension ServerStage {
  /// One thing that another client does.
  fileprivate func change(_ dice: inout Dice) {
    let uids = server.mailbox("INBOX")?.messages.map(\.uid) ?? []
    switch dice.below(10) {
    case 0...3: server.append(Self.octets(dice.below(1000)))
    case 4...6 where !uids.isEmpty:
      let flag = dice.pick(["\\Seen", "\\Flagged", "$Forwarded", "\\Deleted"])
      let isSet = dice.happens(60)
      server.setFlags(adding: isSet ? [flag] : [], removing: isSet ? [] : [flag], of: dice.pick(uids))
    case 7...8 where !uids.isEmpty: server.expunge(dice.pick(uids))
    default: return
    }
  }

  fileprivate func wideOrRefused(since: Look?) async throws -> Look? {
    do {
      return try await wide(since: since)
    } catch let error as StoreError where error.scope == .folder && error.text.contains("expunged") {
      return nil
    }
  }

  fileprivate func changeMeanwhile(_ dice: Dice) -> Task<Void, Never> {
    Loop.task {
      var dice = dice
      for _ in 0..<3 {
        for _ in 0..<dice.below(60) { await Task.yield() }
        change(&dice)
      }
    }
  }

  /// Something that the store does; what comes of it the next look tells.
  fileprivate func act(_ dice: inout Dice, _ deleted: inout Set<UID>) async throws {
    let uids = server.mailbox("INBOX")?.messages.map(\.uid) ?? []
    switch dice.below(3) {
    case 0: _ = try await deliver([Self.mail(1000 + dice.below(1000))])
    case 1 where !uids.isEmpty:
      let uid = dice.pick(uids)
      let change = FlagChange(key: .uid(uid), adding: FlagSet(.answered), removing: FlagSet(.seen))
      #expect(try await store.update([change], in: .inbox).shown == [.uid(uid): FlagSet(wire: flags(uid) ?? [])])
    case 2 where !uids.isEmpty:
      let uid = dice.pick(uids)
      deleted.insert(uid)
      let gone = try await store.delete([.uid(uid)], in: .inbox).gone
      #expect(gone == (flags(uid) == nil ? [.uid(uid)] : []))
    default: return
    }
  }

  fileprivate func truth() -> [MessageKey: FlagSet] {
    var truth: [MessageKey: FlagSet] = [:]
    for message in server.mailbox("INBOX")?.messages ?? [] { truth[.uid(message.uid)] = FlagSet(wire: message.flags) }
    return truth
  }
}

extension [MessageKey: FlagSet] {
  fileprivate mutating func follow(_ look: Look) throws {
    if look.coverage == .complete { self = [:] }
    for (key, observation) in look.present { self[key] = observation.flags }
    for key in look.gone { self[key] = nil }
  }
}

extension FlagSet {
  fileprivate init(wire flags: Set<String>) {
    var system: SystemFlags = []
    for (flag, name) in SystemFlags.names where flags.contains(name) { system.insert(flag) }
    self.init(system, keywords: flags.compactMap { Keyword($0) })
  }
}
