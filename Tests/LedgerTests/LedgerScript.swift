import Mail
import Ports
import Reconciliation
import Support

/// Generated changes, from a small world of keys and ids, so that they meet: taken keys, pairs that are gone, folders
/// that are not there, both kinds of keys on both sides.
struct LedgerScript {
  private var random: Dice
  init(seed: UInt64) { random = Dice(seed: seed) }

  mutating func batch(_ model: LedgerModel) -> [LedgerChange] {
    (0..<Int.random(in: 0...4, using: &random)).map { _ in change(model) }
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  mutating func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &random) }

  mutating func key() -> MessageKey {
    chance(50)
      ? .uid(UID(integerLiteral: pick([1, 2, 3, 40, .max]) ?? 1))
      : .file(pick(["1", "2", "1700000000.M1P2.host", "näme,S=3", "a b'\"c"]) ?? "1")
  }

  mutating func flags() -> FlagSet {
    let words = ["$Forwarded", "a", "B", "work/today", "$MDNSent"].filter { _ in chance(25) }
    return FlagSet(SystemFlags(rawValue: UInt8(number(0...31))), keywords: words.compactMap { Keyword($0) })
  }

  mutating func digest() -> MessageDigest? {
    MessageDigest(bytes: [UInt8](repeating: UInt8(number(0...3)), count: MessageDigest.byteCount))
  }

  mutating func identity() -> MessageIdentity? {
    let size = number(100...103)
    let messageID = pick([nil, "<1@example.org>", "<2@example.org>", "<with\0nul@example.org>"]) ?? nil
    return digest().map { MessageIdentity(digest: $0, wireSize: size, messageID: messageID) }
  }

  mutating func date() -> InternalDate? {
    chance(20) ? nil : InternalDate(secondsSince1970: Int64(number(-5...5)) * 1_000_000_000)
  }

  mutating func checkpoint() -> Checkpoint? {
    if chance(20) { return nil }
    let small = UInt64(number(0...3))
    guard chance(50) else {
      return .maildir(
        MaildirCheckpoint(
          curModified: Int64(small) * 1_712_345_678_901_234_567 - 1, newModified: -3, curInode: .max - small,
          newInode: 7, isSettled: chance(50)))
    }
    return .imap(
      MailboxCheckpoint(
        uidValidity: UIDValidity(rawValue: .max), uidNext: chance(30) ? nil : 17,
        highestModSeq: ModSequence(rawValue: small << 61), messageCount: number(0...9)))
  }

  private mutating func change(_ model: LedgerModel) -> LedgerChange {
    let folder = chance(5) ? FolderID(rawValue: 999) : pick(model.folders)?.id ?? FolderID(rawValue: 1)
    let pair = chance(10) ? PairID(rawValue: 9999) : pick(model.records)?.pair.id ?? PairID(rawValue: 1)
    let near = Sighting(key: key(), flags: flags())
    let far = Sighting(key: key(), flags: flags())
    let side = chance(50) ? Side.near : .far
    let time = Int64(number(0...2)) * 1_800_000_000
    guard let identity = identity() else { preconditionFailure("the digest has its length") }
    switch number(0...14) {
    case 0...3: return .addPair(folder, near: near, far: far, identity: identity, date: date())
    case 4, 5: return .setFlags(pair, Sides(near: flags(), far: flags()))
    case 6: return .relocate(pair, to: folder, near: near, far: far)
    case 7: return .removePair(pair)
    case 8: return .setCheckpoint(folder, side, checkpoint())
    case 9: return .passCompleted(folder, at: time)
    case 10:
      return .addIntent(
        folder,
        IntentDraft(
          target: side, source: near, reserved: chance(50) ? far.key : nil, uidNext: chance(50) ? 12 : nil,
          identity: chance(50) ? identity : nil, date: date(), moved: chance(50) ? pair : nil))
    case 11: return .removeIntent(pick(model.intents.map(\.intent.id)) ?? IntentID(rawValue: 1))
    case 12:
      return .setAside(
        SetAside(
          folder: folder, side: side, key: near.key, reason: "refused: “no”", attempts: number(1...9), retryAt: time))
    case 13: return .clearSetAside(folder, side, near.key)
    default:
      return chance(60)
        ? .addLimbo(LimboEntry(key: near.key, identity: identity, date: date(), since: time)) : .removeLimbo(far.key)
    }
  }
}
