import Mail
import Maildir
import Ports
import Reconciliation

/// What a power cut may have taken, and what it may not.
extension LawBook {
  /// `before` is how the Maildir was a moment before. Afterwards a folder may have a part only, and be made whole again.
  package func powerWasCut(before: Inventory) {
    adoptDebris(before)
    let torn = Set(site.disk.torn.map { MessageKey.file(MaildirFileName($0).unique) })
    let after = inParts()
    let far = Inventory.far(site.server, &registry.bag)
    for number in 0..<registry.bag.count {
      let (then, now) = (before.items(number), after.items(number))
      if then.map(\.path) != now.map(\.path) {
        registry.chronicle.forget(number)
        let back = max(0, now.count - then.count)
        registry.chronicle[number].slack += back
        // Also where it was moved: it is in its old folder again, and martlet has moved it on the server already.
        let gained = after.gain(of: number, since: before)
        registry.chronicle[number].resurrected += gained
        registry.chronicle[number].movedBack += min(gained, before.gain(of: number, since: after))
      } else if !isSettled(number, near: after, far: far) {
        registry.chronicle.forget(number)
      }
      if now.isEmpty, far.items(number).isEmpty { registry.chronicle[number].isExcused = true }
    }
    excuse(torn, before)
    checkPairs(before, after, torn: torn)
  }

  private func inParts() -> Inventory {
    Inventory.near(site.disk, root: Setting.root, site.setting.layout, &registry.bag, inParts: true)
  }

  /// A person's program moved these and did not sync, and the disk lost them between two directories. What is left looks
  /// like a deletion, and to anybody who comes then it is one.
  private func excuse(_ torn: Set<MessageKey>, _ before: Inventory) {
    for item in before.items where torn.contains(item.key) {
      guard let number = item.number else { continue }
      registry.chronicle.forget(number)
      registry.chronicle[number].isExcused = true
      registry.chronicle[number].removed.near += 1
    }
  }

  /// martlet may have forgotten all of what was still on its way.
  package func forgetUnsettled() {
    let near = Inventory.near(site.disk, root: Setting.root, site.setting.layout, &registry.bag)
    let far = Inventory.far(site.server, &registry.bag)
    for number in 0..<registry.bag.count where !isSettled(number, near: near, far: far) {
      registry.chronicle.forget(number)
    }
  }

  /// Files that people's programs did not sync may be torn now. A file that martlet put there may not.
  private func adoptDebris(_ before: Inventory) {
    for item in inParts().items {
      let ruined = ruined(item, before)
      guard item.number == nil || ruined != nil, let bytes = site.disk.read(item.path) else { continue }
      if let former = ruined ?? overwritten(item, before) {
        registry.bag.adopt(bytes, as: former)
        registry.chronicle.forget(former)
        registry.chronicle[former].made += 1
        // As little was left of another one before: they are the same to everybody.
        if let other = item.number, other != former {
          registry.chronicle[former].made += registry.chronicle[other].made
          registry.chronicle.forget(other)
          registry.chronicle[other].isExcused = true
        }
        continue
      }
      if item.key.fileName?.hasSuffix(".person") != true {
        report(.survivesCrashes, "\(item.folder): a power cut tore \(item.key), which martlet had delivered")
      }
      let number = registry.bag.adopt(bytes)
      registry.chronicle.made(number, in: item.folder, on: .near, flags: item.flags, isSettled: true)
      registry.chronicle[number].isContested = true
      registry.chronicle[number].isExcused = true
      // What it was is gone, if this was the only one.
      for former in before.items where former.path == item.path {
        if let number = former.number { registry.chronicle.forget(number) }
      }
    }
  }

  /// The message that a pair means by a file whose content the disk had claimed to hold, and did not. Nobody can tell that
  /// it is another now: a base that was told so is not looked after, and both sides stay as they are.
  private func ruined(_ item: Item, _ before: Inventory) -> Mailbag.Number? {
    guard let inode = site.disk.status(item.path)?.inode, site.disk.ruined.contains(inode) else { return nil }
    do {
      let folder = try site.vault.current.folders().first { $0.names.near == item.folder }
      let pairs = try folder.map { row throws(LedgerError) in
        try site.vault.current.pairs(in: row.id, side: .near, keys: [item.key])
      }
      guard pairs?.isEmpty == false else { return nil }
      return before.items.first { $0.path == item.path }?.number
    } catch {
      report(.baseIsObserved, "the ledger cannot be looked at: \(error.text)")
      return nil
    }
  }

  /// The message that somebody wrote over without a sync: what the disk has left of that is theirs, whatever it is.
  private func overwritten(_ item: Item, _ before: Inventory) -> Mailbag.Number? {
    // Also where it had been moved since, and is back in its old folder.
    let former = before.items.first { $0.path == item.path } ?? before.items.first { $0.key == item.key }
    return former?.number.flatMap { registry.chronicle[$0].wasEdited ? $0 : nil }
  }

  /// Law L4: what the base still says was durable on both sides before it was said.
  private func checkPairs(_ before: Inventory, _ after: Inventory, torn: Set<MessageKey>) {
    let then = Dictionary(grouping: before.items, by: \.folder).mapValues { Set($0.map(\.key)) }
    let now = Dictionary(grouping: after.items, by: \.folder).mapValues { Set($0.map(\.key)) }
    // Where a person had taken it from, and brought it back since without a sync.
    let back = Set(site.disk.movedBack.map { MessageKey.file(MaildirFileName($0).unique) })
      .intersection(after.items.map(\.key))
    do {
      for folder in try site.vault.current.folders() {
        for pair in try site.vault.current.pairs(in: folder.id) {
          let key = pair[.near].key
          guard then[folder.names.near]?.contains(key) == true, now[folder.names.near]?.contains(key) != true else {
            continue
          }
          if torn.contains(key) || back.contains(key) { continue }
          report(
            .baseIsObserved,
            "\(folder.names.near): a power cut took \(key), which the base says is there: it was not durable")
        }
      }
    } catch {
      report(.baseIsObserved, "the ledger cannot be looked at: \(error.text)")
    }
  }
}
