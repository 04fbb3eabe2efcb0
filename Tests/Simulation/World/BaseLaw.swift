import Mail
import Maildir
package import Ports
import Reconciliation

/// Law L4, as far as it can be seen: what a transaction joins is one and the same message, and at rest the base says
/// exactly what both sides show.
extension LawBook {
  /// Before it is made.
  package func willCommit(_ changes: [LedgerChange]) {
    for change in changes {
      switch change {
      case .addPair(let folder, let near, let far, _, _): checkPair(folder, near.key, far.key)
      case .relocate(_, let folder, let near, let far): checkPair(folder, near.key, far.key)
      default: break
      }
    }
  }

  private func checkPair(_ folder: FolderID, _ near: MessageKey, _ far: MessageKey) {
    do {
      guard let row = try site.vault.current.folders().first(where: { $0.id == folder }),
        let file = near.fileName, let uid = far.uid,
        let bytes = try content(of: file, in: row.names.near),
        let box = site.server.mailbox(of: row.names.far), row.isNumbered(as: box), let message = box.message(uid)
      else { return }
      let (here, there) = (registry.bag.number(of: bytes), registry.bag.number(of: message.bytes))
      if here != there {
        report(.baseIsObserved, "\(row.names.far): \(near) is \(named(here)), and \(far) is \(named(there))")
      }
    } catch {
      report(.baseIsObserved, "the ledger cannot be looked at: \(error)")
    }
  }

  private func content(of unique: String, in folder: FolderName) throws -> [UInt8]? {
    let directory = try site.setting.layout.directory(of: folder)
    let path = directory.isEmpty ? Setting.root : "\(Setting.root)/\(directory)"
    for subdirectory in ["cur", "new"] {
      for name in site.disk.list("\(path)/\(subdirectory)") where name == unique || name.hasPrefix("\(unique):2,") {
        return site.disk.read("\(path)/\(subdirectory)/\(name)")
      }
    }
    return nil
  }

  func named(_ number: Mailbag.Number?) -> String { number.map { "m\($0)" } ?? "no message" }

  // MARK: At rest

  /// The base has exactly one pair for each message of each folder, as both sides show it.
  func checkBase(near: Inventory, far: Inventory, except excused: Set<Mailbag.Number>) {
    do {
      for folder in try site.vault.current.folders() {
        let pairs = try site.vault.current.pairs(in: folder.id)
        let shown = Sides(near: near.items(in: folder.names.near), far: far.items(in: folder.names.far))
        for side in Side.allCases {
          let items = Dictionary(shown[side].map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
          for pair in pairs {
            guard let item = items[pair[side].key] else {
              report(.baseIsObserved, "\(folder.names.far): the base has \(pair[side].key), the \(side) side has not")
              continue
            }
            guard item.flags == pair[side].flags || item.hidesKeywords && item.flags.system == pair[side].flags.system
            else {
              report(
                .baseIsObserved,
                "\(folder.names.far): \(pair[side].key) is marked \(item.flags), in the base \(pair[side].flags)")
              continue
            }
          }
          let known = Set(pairs.map { $0[side].key })
          for item in shown[side] where !known.contains(item.key) {
            if let number = item.number, excused.contains(number) { continue }
            report(.baseIsObserved, "\(folder.names.far): \(item.key) on the \(side) side is not in the base")
          }
        }
        for intent in try site.vault.current.intents(in: folder.id) {
          report(.baseIsObserved, "\(folder.names.far): an intent is left: \(intent.draft.source.key)")
        }
      }
    } catch {
      report(.baseIsObserved, "the ledger cannot be looked at: \(error.text)")
    }
  }

  /// True where both sides and the base show the same of this message: whoever changes it now has seen all there was.
  package func isSettled(_ number: Mailbag.Number, near: Inventory, far: Inventory) -> Bool {
    // What is not mounted shows nothing.
    guard site.disk.unmounted[Setting.root] == nil else { return false }
    let (here, there) = (near.items(number), far.items(number))
    guard here.count == there.count, near.places(number) == far.places(number) else { return false }
    var known = 0
    do {
      for folder in try site.vault.current.folders() {
        guard try !isUnderWay(number, to: folder, from: Sides(near: here, far: there)) else { return false }
        let items = Sides(
          near: here.filter { $0.folder == folder.names.near }, far: there.filter { $0.folder == folder.names.far })
        guard !items.near.isEmpty else { continue }
        let pairs = try site.vault.current.pairs(in: folder.id, side: .near, keys: items.near.map(\.key))
        guard pairs.count == items.near.count else { return false }
        for pair in pairs {
          guard items.near.contains(where: { $0.key == pair[.near].key && $0.flags == pair[.near].flags }),
            items.far.contains(where: { $0.key == pair[.far].key && $0.flags == pair[.far].flags })
          else { return false }
        }
        known += pairs.count
      }
      // A folder that the base does not have yet is settled by nobody.
      return known == here.count
    } catch {
      return false
    }
  }

  /// True where martlet has begun to bring it to the folder, and had no answer yet: who puts the same message there by
  /// another way has done the same as it, for all that it can see.
  private func isUnderWay(
    _ number: Mailbag.Number, to folder: LedgerFolder, from items: Sides<[Item]>
  ) throws(LedgerError) -> Bool {
    try site.vault.current.intents(in: folder.id).contains { intent in
      let source = intent.draft.source.key
      return intent.draft.identity.map { $0.messageID == registry.bag.messageID(of: number) } ?? false
        || items[intent.draft.target.other].contains { $0.key == source }
    }
  }
}
