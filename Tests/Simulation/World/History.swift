package import Mail
package import Ports
package import Reconciliation

/// What people did to one message, and what must therefore become of it.
///
/// Two rules are kept apart. A *bound* holds whatever happens: how often the message may be there at most, and that it
/// is there at all while nobody removed it. An *expectation* is exact, and holds as long as each of the people saw what
/// the others had done before doing something to the same message: then there is nothing to merge and nothing to lose.
package struct History: Sendable {
  /// How often people made it: wrote, delivered, copied.
  package var made = 0
  /// How often people took it out of a folder of this side: deleted, moved away, removed with the folder.
  package var removed = Sides(near: 0, far: 0)
  /// How often it moved, or was there again after a power cut: may leave a copy where both sides did it at once.
  package var slack = 0
  /// How often martlet took it out of a folder of this side.
  package var removedByMartlet = Sides(near: 0, far: 0)
  /// How often a power cut undid that it was taken out of the Maildir. Then martlet may take it out once more, although
  /// nobody removed it on the server but martlet itself, at a person's behest.
  package var resurrected = 0
  /// In how many folders martlet may have seen it because it had the mailbox open under a name from before a rename:
  /// from there it is gone then, although nobody took it out.
  package var seenUnderOldNames = 0
  /// How often a power cut undid that it was moved in the Maildir. martlet may have done the same on the server already,
  /// and then moves it back.
  package var movedBack = 0
  /// Somebody wrote over its file.
  package fileprivate(set) var wasEdited = false
  /// A power cut took it before martlet could have seen it.
  package var isExcused = false

  /// Two sides changed where it is without knowing of each other.
  package var isContested = false
  /// It was on both sides before martlet knew of either.
  package var isStranger = false
  /// Where it has to be, exactly.
  package var places: [FolderName: Int] = [:]
  /// Who changed its place last; nil before anybody did.
  package var lastMover: Side?
  /// When; martlet may be in the middle of following, even where all looks as it did before.
  package var lastMoved: LoopInstant?

  package var flags = FlagSet.none
  /// Flags that two sides changed without knowing of each other.
  package var contestedFlags = FlagSet.none
  package var lastMarker: [String: Side] = [:]
  /// It was marked on one side while it was moved on the other: then it is not said what becomes of the marks.
  package var hasUnsettledFlags = false

  package init() {}

  package var hasBeenRemoved: Bool { removed.near + removed.far > 0 }

  /// One message, one place: only then can it be said how it is marked.
  package var isSingle: Bool { made == 1 && !isContested }
}

/// The histories of all messages of a world.
package struct Chronicle: Sendable {
  package private(set) var histories: [History] = []
  /// When what is written down next happens.
  package var now = LoopInstant(nanoseconds: 0)
  private static let followingMax: Duration = .seconds(10)

  package init() {}

  package subscript(number: Mailbag.Number) -> History {
    get { number < histories.count ? histories[number] : History() }
    set {
      while histories.count <= number { histories.append(History()) }
      histories[number] = newValue
    }
  }

  // MARK: What people do

  package mutating func made(
    _ number: Mailbag.Number, in folder: FolderName, on side: Side, flags: FlagSet, isSettled: Bool
  ) {
    moved(number, side, isSettled) { $0.places[folder, default: 0] += 1 }
    self[number].made += 1
    self[number].flags = flags
    for flag in flags.single { self[number].lastMarker["\(flag)"] = side }
  }

  package mutating func removed(_ number: Mailbag.Number, from folder: FolderName, on side: Side, isSettled: Bool) {
    self[number].removed[side] += 1
    moved(number, side, isSettled) { $0.take(from: folder) }
  }

  package mutating func moved(
    _ number: Mailbag.Number, from source: FolderName, to target: FolderName, on side: Side, isSettled: Bool
  ) {
    self[number].removed[side] += 1
    self[number].slack += 1
    moved(number, side, isSettled) {
      $0.take(from: source)
      $0.places[target, default: 0] += 1
    }
  }

  package mutating func marked(
    _ number: Mailbag.Number, adding: FlagSet, removing: FlagSet, on side: Side, isSettled: Bool,
    isBroughtOver: Bool = false
  ) {
    let isMovedByOthers = self[number].lastMover.map { $0 != side } ?? self[number].isStranger
    for flag in adding.union(removing).single {
      let name = "\(flag)"
      // What was brought over, and could not be told the base yet, looks like a change on the other side.
      let isOthers = self[number].lastMarker[name].map { $0 != side || isBroughtOver } ?? false
      if isMovedByOthers || isOthers, !isSettled {
        self[number].contestedFlags = self[number].contestedFlags.union(flag)
      }
      self[number].lastMarker[name] = side
    }
    self[number].flags = self[number].flags.union(adding).subtracting(removing)
  }

  /// Somebody wrote over it. Two are of it then, until both sides have met.
  package mutating func edited(_ number: Mailbag.Number) {
    self[number].made += 1
    self[number].isContested = true
    self[number].wasEdited = true
  }

  // MARK: What the world does

  /// martlet may not know what it knew of this message.
  package mutating func forget(_ number: Mailbag.Number) {
    self[number].isContested = true
  }

  private mutating func moved(
    _ number: Mailbag.Number, _ side: Side, _ isSettled: Bool, _ change: (inout History) -> Void
  ) {
    var history = self[number]
    let isOthers = history.lastMover.map { $0 != side } ?? history.isStranger
    let isBeingFollowed = history.lastMoved.map { $0.duration(to: now) < Self.followingMax } ?? false
    if isOthers, !isSettled || isBeingFollowed { history.isContested = true }
    if !isSettled, history.lastMarker.values.contains(side.other) { history.hasUnsettledFlags = true }
    (history.lastMover, history.lastMoved) = (side, now)
    change(&history)
    self[number] = history
  }
}

extension History {
  fileprivate mutating func take(from folder: FolderName) {
    let count = (places[folder] ?? 0) - 1
    places[folder] = count > 0 ? count : nil
    // It was not where it should have been: then somebody else had moved it.
    if count < 0 { isContested = true }
  }
}

extension FlagSet {
  /// Each of its flags by itself.
  package var single: [FlagSet] {
    SystemFlags.names.filter { system.contains($0.flag) }.map { FlagSet($0.flag) }
      + keywords.map { FlagSet([], keywords: [$0]) }
  }
}

extension Chronicle {
  /// A message was on both sides before they ever met: it is one, and marked as either has it.
  package mutating func met(_ number: Mailbag.Number, in folder: FolderName) {
    self[number].made = 1
    self[number].places = [folder: 1]
    self[number].isContested = false
    self[number].isStranger = true
    self[number].lastMover = nil
    self[number].lastMarker = [:]
  }
}
