import Ports
package import Support

/// What the end of all processes takes with it.
package enum LossModel: Sendable {
  /// The programs crashed, and the machine did not: nothing is lost.
  case processOnly
  /// What was not synced may be lost: content, dates and names, each by itself, as `DiskTraits.Journal` allows.
  case powerCut
}

extension SimulatedDisk {
  /// Ends every process on this disk. What is left of what was not synced is up to the dice.
  package func crash(_ model: LossModel, dice: inout Dice) {
    endProcesses()
    guard model == .powerCut else { return log.note("disk crash: nothing is lost") }
    boots += 1
    loseUnsynced(on: nil, dice: &dice)
  }

  /// What the kernel does by itself every half minute or so: everything so far is durable.
  package func writeBack() {
    log.note("disk write back")
    writeBack(on: nil)
  }

  func writeBack(on volume: Volume?) {
    kernel.journal.keepAll(on: volume)
    for number in kernel.unsynced.keys.sorted() {
      guard let inode = kernel.unsynced[number], volume == nil || inode.volume === volume else { continue }
      kernel.sync(inode)
    }
  }

  func loseUnsynced(on volume: Volume?, dice: inout Dice) {
    let operations = kernel.journal.takeLost(on: volume, dice: &dice)
    for operation in operations { undo(operation) }
    // A link in another directory, as martlet keeps one of what it moved, saves nothing of the name.
    let halved = operations.filter(\.isTorn).map(\.inode)
    torn = operations.compactMap { operation in
      let inode = operation.inode
      guard inode.kind == .file, inode.wasMovedByPerson else { return nil }
      return inode.linkCount == 0 || halved.contains { $0 === inode } ? operation.added?.name.text : nil
    }
    movedBack = Set(
      operations.compactMap { operation in
        operation.inode.wasMovedByPerson && operation.inode.linkCount > 0 ? operation.added?.name.text : nil
      })
    var cut = 0
    ruined = []
    for number in kernel.unsynced.keys.sorted() {
      guard let inode = kernel.unsynced[number], volume == nil || inode.volume === volume else { continue }
      let wasClaimed = inode.isClaimed
      guard lose(inode, dice: &dice) else { continue }
      cut += 1
      if wasClaimed { ruined.insert(number) }
    }
    log.note("disk power cut: \(operations.count) changes of names lost, \(cut) files cut")
  }

  private func undo(_ operation: NameOperation) {
    let inode = operation.inode
    if let added = operation.added, let names = added.directory.names {
      if let entry = names[added.name] { kernel.drop(entry, added.directory) }
      if let replaced = operation.replaced { kernel.place(Entry(replaced, added.name), names, added.directory) }
      if !operation.isOvertaken.added {
        added.directory.restoreTimes(modified: added.modified, changed: added.changed)
      }
    }
    if let removed = operation.removed, let names = removed.directory.names {
      kernel.place(Entry(inode, removed.name), names, removed.directory)
      if !operation.isOvertaken.removed {
        removed.directory.restoreTimes(modified: removed.modified, changed: removed.changed)
      }
    }
  }

  /// True where some of the content is gone.
  private func lose(_ inode: Inode, dice: inout Dice) -> Bool {
    let (content, former) = (inode.content, inode.synced)
    let dates = [inode.modified, former?.modified ?? inode.changed]
    if let former, former.content == content {
      kernel.become(inode, content: content, modified: dice.pick(dates))
      return false
    }
    let left: [UInt8]
    switch dice.below(6) {
    case 0, 1: left = content
    // Of what a sync had claimed to hold, the end is gone: what is left of two is not the same.
    case 2... where inode.isClaimed:
      left = Array(content.dropLast(1 + dice.below(max(1, content.count / 16))))
    case 2: left = former?.content ?? []
    case 3: left = []
    case 4: left = Array(content.prefix(dice.below(content.count + 1)))
    default:
      // The size is there, and not all that should fill it.
      let filled = dice.below(content.count + 1)
      left = Array(content.prefix(filled)) + [UInt8](repeating: 0, count: content.count - filled)
    }
    kernel.become(inode, content: left, modified: dice.pick(dates))
    return left != content
  }
}
