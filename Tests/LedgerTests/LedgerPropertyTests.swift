import LedgerSQLite
import Mail
import Ports
import Reactor
import Reconciliation
import Support
import Testing

@Suite("The ledger against a model of its promises")
struct LedgerPropertyTests {
  /// The suite holds it, so that it is there until the test has ended.
  private let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory("ledger") }

  private static let factNames = ["marker", "capabilities", "with\0nul"]

  @Test("a ledger tells what was committed, also after it is opened again", arguments: 1...20 as ClosedRange<UInt64>)
  func agreesWithTheModel(seed: UInt64) async throws {
    try await Reactor.onShared { try Self.run(seed: seed, steps: 60, directory: scratch.path + "/account") }
  }

  @Loop
  private static func run(seed: UInt64, steps: Int, directory: String) throws {
    var script = LedgerScript(seed: seed)
    var model = LedgerModel()
    var ledger = try SQLiteLedger(directory: directory)
    for step in 0..<steps {
      try take(&script, &model, ledger)
      #expect(try LedgerModel(reading: ledger, facts: factNames) == model, "seed \(seed), step \(step)")
      try ask(&script, model, ledger)
      if script.chance(10) {
        ledger.close()
        ledger = try SQLiteLedger(directory: directory)
        #expect(try LedgerModel(reading: ledger, facts: factNames) == model, "seed \(seed), reopened at \(step)")
      }
    }
    ledger.close()
  }

  /// One step on both.
  @Loop
  private static func take(_ script: inout LedgerScript, _ model: inout LedgerModel, _ ledger: SQLiteLedger) throws {
    switch script.number(0...19) {
    case 0...1 where model.folders.count < 4:
      let names = ["INBOX", "Lists/swift", "a%2Fb/c", "Entwürfe", "Sent", "x y"]
      guard let near = names.first(where: { name in !model.folders.contains { $0.names.near.description == name } }),
        let name = FolderName(near)
      else { return }
      model.folders.append(try ledger.addFolder(Sides(near: name, far: name)))
    case 2 where model.folders.count > 2:
      guard let folder = script.pick(model.folders) else { return }
      try ledger.removeFolder(folder.id)
      model.removeFolder(folder.id)
    case 3:
      guard let name = script.pick(factNames) else { return }
      let value = script.pick([nil, "", "ä\0b", "x"]) ?? nil
      try ledger.setFact(name, to: value)
      model.facts[name] = value
    default:
      let batch = script.batch(model)
      let isDurable = script.chance(30)
      do {
        try model.commit(batch)
      } catch is LedgerModel.Refusal {
        #expect(throws: LedgerError.self) { try isDurable ? ledger.commitDurably(batch) : ledger.commit(batch) }
        return
      }
      try isDurable ? ledger.commitDurably(batch) : ledger.commit(batch)
    }
  }

  /// Every question of the port, with an answer worked out by hand.
  @Loop
  private static func ask(_ script: inout LedgerScript, _ model: LedgerModel, _ ledger: SQLiteLedger) throws {
    guard let folder = script.pick(model.folders)?.id, let digest = script.digest() else { return }
    let side = script.chance(50) ? Side.near : .far
    let keys = (0..<script.number(0...6)).map { _ in script.key() }
    let size = script.number(100...103)
    let messageID = script.pick([nil, "<1@example.org>", "<with\0nul@example.org>"]) ?? nil
    let inFolder = model.records.filter { $0.folder == folder }
    #expect(try ledger.pairs(in: folder) == inFolder.map(\.pair))
    for side in Side.allCases {
      let uids = inFolder.compactMap { $0.pair[side].key.uid }.sorted()
      for uid in [UID.first] + uids.suffix(1) {
        #expect(try ledger.uids(in: folder, side: side, from: uid).sorted() == uids.filter { $0 >= uid })
      }
    }
    #expect(try ledger.pairCount(in: folder) == inFolder.count)
    #expect(
      try ledger.pairs(in: folder, side: side, keys: keys)
        == inFolder.map(\.pair).filter { keys.contains($0[side].key) })
    #expect(try ledger.records(digest: digest) == model.records.filter { $0.identity.digest == digest })
    #expect(
      try ledger.records(wireSize: size, messageID: messageID)
        == model.records.filter {
          $0.identity.wireSize == size && (messageID == nil || $0.identity.messageID == messageID)
        })
    let aside = Set(model.setAside.filter { $0.folder == folder })
    #expect(try Set(ledger.setAside(in: folder)) == aside)
    #expect(
      try Set(ledger.setAside(in: folder, side: side, keys: keys))
        == aside.filter { $0.side == side && keys.contains($0.key) })
    let id = script.pick(model.records)?.pair.id ?? PairID(rawValue: 9999)
    #expect(try ledger.record(of: id) == model.records.first { $0.pair.id == id })
  }
}
