import Ports
import Support

/// A name in a directory, and the directory's times before it came or went.
struct NamePlace {
  let directory: Inode
  let name: EntryName
  let modified: Int64
  let changed: Int64

  @Loop
  init(_ name: EntryName, in directory: Inode) {
    self.directory = directory
    self.name = name
    modified = directory.modified
    changed = directory.changed
  }
}

/// One change of names that a power cut may undo: made, linked, renamed or removed.
struct NameOperation {
  let inode: Inode
  let removed: NamePlace?
  let added: NamePlace?
  /// What had the added name before.
  let replaced: Inode?
  /// Earlier operations without which this one cannot be kept.
  fileprivate(set) var needs: [Int] = []
  /// An earlier operation without which this one is kept only where it was synced.
  fileprivate(set) var prefers: Int?
  fileprivate(set) var isKept = false
  /// The new name of a file was lost, whose old one is gone for good.
  fileprivate(set) var isTorn = false
  /// A later change of the directory was kept, and with it the directory's times.
  fileprivate(set) var isOvertaken = (removed: false, added: false)

  @Loop
  func touches(_ directory: Inode) -> Bool { removed?.directory === directory || added?.directory === directory }
}

/// The changes of names that may still be lost, in the order in which they were made.
///
/// What is in memory is the truth for running programs. A power cut undoes some of it, the last first; an operation is
/// only kept together with those it needs, so whatever is kept is a state that a file system can be in.
@Loop
final class NameJournal {
  private let kind: DiskTraits.Journal
  private var operations: [NameOperation] = []
  /// The number of `operations[0]`.
  private var base = 0
  /// How many at the front are kept.
  private var keptPrefix = 0

  init(_ kind: DiskTraits.Journal) { self.kind = kind }

  private func isPending(_ id: Int) -> Bool { id >= base && !operations[id - base].isKept }

  func note(_ inode: Inode, removed: NamePlace?, added: NamePlace?, replaced: Inode? = nil) {
    guard kind == .byDirectory, inode.kind != .directory, let removed, let added, removed.directory !== added.directory
    else { return append(NameOperation(inode: inode, removed: removed, added: added, replaced: replaced)) }
    append(NameOperation(inode: inode, removed: nil, added: added, replaced: replaced))
    var removal = NameOperation(inode: inode, removed: removed, added: nil, replaced: nil)
    removal.prefers = base + operations.count - 1
    append(removal)
  }

  private func append(_ new: NameOperation) {
    let id = base + operations.count
    var operation = new
    operation.needs = needs(of: new)
    operations.append(operation)
    new.inode.lastOperation = id
    register(id, new.added)
    register(id, new.removed, isKnown: new.added.map { $0.directory === new.removed?.directory } ?? false)
  }

  private func register(_ id: Int, _ place: NamePlace?, isKnown: Bool = false) {
    guard let place, let names = place.directory.names else { return }
    names.lastOperations[place.name] = id
    guard !isKnown else { return }
    names.pending.append(id)
    guard names.pending.count > names.pendingMax else { return }
    // Many were made durable by a sync of the other directory.
    names.pending = names.pending.filter(isPending)
    names.lastOperations = names.lastOperations.filter { isPending($0.value) }
    names.pendingMax = max(DirectoryNames.pendingMin, 2 * names.pending.count)
  }

  private func needs(of operation: NameOperation) -> [Int] {
    var needs: [Int] = []
    let isWhole = kind == .whole || operation.inode.kind == .directory
    func need(_ id: Int?) {
      guard let id, isPending(id), !needs.contains(id) else { return }
      if !isWhole {
        let earlier = operations[id - base]
        let isNear = [operation.removed, operation.added].contains { $0.map { earlier.touches($0.directory) } ?? false }
        guard isNear else { return }
      }
      needs.append(id)
    }
    need(operation.inode.lastOperation)
    need(operation.replaced?.lastOperation)
    for place in [operation.removed, operation.added] {
      guard let place else { continue }
      need(place.directory.names?.lastOperations[place.name])
      need(place.directory.lastOperation)
    }
    // A directory is gone for good only with what was moved out of it before.
    if operation.added == nil, let names = operation.inode.names {
      needs += names.pending.filter { isPending($0) && !needs.contains($0) }
      for id in names.pending where isPending(id) { needs += partner(of: id) }
    }
    return needs
  }

  /// The new name of a removed old one.
  private func partner(of removal: Int) -> [Int] {
    guard let other = operations[removal - base].prefers, isPending(other) else { return [] }
    return [other]
  }

  /// What a power cut may bring back into directories that are on another volume by now belongs there.
  func bringRemoved(to volume: Volume, from former: Volume) {
    for operation in operations.reversed() where !operation.isKept && operation.inode.volume === former {
      if operation.removed?.directory.volume === volume { operation.inode.volume = volume }
    }
  }

  // MARK: - Kept

  /// Every change of a name in `directory` is durable from now on, with all that it needs.
  func keepNames(in directory: Inode) {
    guard let names = directory.names else { return }
    keep(names.pending)
    names.pending.removeAll()
    names.lastOperations.removeAll()
    names.pendingMax = DirectoryNames.pendingMin
    if kind == .whole { keepNamesAbove(directory) }
  }

  /// One journal for all: the names by which the directory is reached were written before what was synced in it (ext4,
  /// XFS; Btrfs commits all where a directory above was renamed).
  private func keepNamesAbove(_ directory: Inode) {
    var current: Inode? = directory
    while let inode = current {
      if let id = inode.lastOperation { keep([id]) }
      current = inode.names?.entry?.parent
    }
  }

  /// The kernel has written everything.
  func keepAll(on volume: Volume?) {
    keep(operations.indices.filter { volume == nil || operations[$0].inode.volume === volume }.map { base + $0 })
  }

  private func keep(_ ids: [Int]) {
    var waiting = ids
    while let id = waiting.popLast() {
      guard isPending(id) else { continue }
      waiting += operations[id - base].needs
      operations[id - base].isKept = true
      operations[id - base].needs = []
    }
    while keptPrefix < operations.count, operations[keptPrefix].isKept { keptPrefix += 1 }
    guard keptPrefix > operations.count / 2 else { return }
    operations.removeFirst(keptPrefix)
    base += keptPrefix
    keptPrefix = 0
  }

  // MARK: - Lost

  /// What a power cut undoes, the last first; there is nothing pending on the volume afterwards.
  func takeLost(on volume: Volume?, dice: inout Dice) -> [NameOperation] {
    let pending = operations.indices.filter { index in
      !operations[index].isKept && (volume == nil || operations[index].inode.volume === volume)
    }
    let chances = Chances(count: pending.count, dice: &dice)
    var survivors: Set<Int> = []
    var lost: [Int] = []
    for (position, index) in pending.enumerated() {
      let operation = operations[index]
      let isPossible = (operation.needs + (operation.prefers.map { [$0] } ?? [])).allSatisfy {
        !isPending($0) || survivors.contains($0)
      }
      if isPossible, chances.survives(position, dice: &dice) {
        survivors.insert(base + index)
      } else {
        lost.append(index)
      }
    }
    let undone = undone(lost, kept: survivors)
    keep(pending.map { base + $0 })
    return undone.reversed()
  }

  private func undone(_ lost: [Int], kept survivors: Set<Int>) -> [NameOperation] {
    var lastKept: [ObjectIdentifier: Int] = [:]
    for (index, operation) in operations.enumerated() where operation.isKept || survivors.contains(base + index) {
      for place in [operation.removed, operation.added] {
        if let place { lastKept[ObjectIdentifier(place.directory)] = index }
      }
    }
    return lost.map { index in
      func isOvertaken(_ place: NamePlace?) -> Bool {
        place.flatMap { lastKept[ObjectIdentifier($0.directory)] }.map { $0 > index } ?? false
      }
      var operation = operations[index]
      operation.isTorn = isTorn(index)
      operation.isOvertaken = (isOvertaken(operation.removed), isOvertaken(operation.added))
      return operation
    }
  }

  /// True where the other half of this move was synced, and this one was not.
  private func isTorn(_ index: Int) -> Bool {
    guard index + 1 < operations.count else { return false }
    return operations[index + 1].prefers == base + index && operations[index + 1].isKept
  }

  /// How a power cut chooses: nothing is kept, all is, all before a moment, or each change by itself.
  private enum Chances {
    case none, all, before(Int), each

    init(count: Int, dice: inout Dice) {
      switch dice.below(4) {
      case 0: self = .none
      case 1: self = .all
      case 2: self = .before(dice.below(count + 1))
      default: self = .each
      }
    }

    func survives(_ position: Int, dice: inout Dice) -> Bool {
      switch self {
      case .none: false
      case .all: true
      case .before(let end): position < end
      case .each: dice.happens(50)
      }
    }
  }
}
