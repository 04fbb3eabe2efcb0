import Mail
import Ports
import Reconciliation

/// Where the watch saw a message's name, and where it came from.
struct Touch: Equatable, Sendable {
  var places: Set<MessagePlace> = []
  var movedFrom: MovedFrom?
}

extension MaildirFolder {
  /// So many names are looked up one by one; for more a listing is cheaper.
  private static let probesMax = 256

  /// Everything, or proof that nothing changed since `earlier`. Throws rather than show fewer messages (law L8).
  func lookWide(since earlier: Checkpoint?) async throws(FileError) -> Look {
    try await sweepOnce()
    // Also where nothing changed in the folder: what could not be read may be readable by now.
    unreadableFiles = [:]
    try await refreshTable()
    do {
      return try await lookWhole(since: earlier)
    } catch {
      guard error.kind == .notFound else { throw error }
      let missing = try root.missingParts(of: directory)
      // Where both are missing the folder is gone.
      guard missing.count == 1 else { throw error }
      return try await look(without: missing[0])
    }
  }

  private func lookWhole(since earlier: Checkpoint?) async throws(FileError) -> Look {
    let isTableNews = takeTableChange()
    // The look after one that failed, or did not show everything, is to show it.
    var hasShownAll = false
    defer { if isTableNews, !hasShownAll { putBackTableChange() } }
    if !isTableNews, let earlier, let stamp = try provingStamp(earlier) {
      return Look(coverage: .changes, checkpoint: .maildir(stamp))
    }
    var listing = try await list()
    let hasRemoved = await removeSecondNames(in: listing)
    if try await separateDoubles(in: listing) || hasRemoved { listing = try await list() }
    // A letter that was given meanwhile is in names that were just listed.
    try await refreshTable()
    var look = Look(coverage: listing.isComplete ? .complete : .changes)
    look.present.reserveCapacity(listing.places.count)
    for (step, (unique, place)) in listing.places.enumerated() {
      look.present[.file(unique)] = observation(of: unique, at: place)
      if step % FolderListing.entriesBetweenPauses == FolderListing.entriesBetweenPauses - 1 { await Task.yield() }
    }
    // While files move they are seen twice: only a still folder tells what is odd.
    guard listing.isComplete else {
      look.isPartial = true
      return look
    }
    if let device = listing.stamp?.cur.device, let top = try root.fileSystem.status("") {
      look.isOnOwnFileSystem = device != top.device
    }
    hasShownAll = true
    for (key, reason) in listing.unreadable { look.unreadable[.file(key)] = reason }
    look.checkpoint = listing.stamp.map { .maildir($0.checkpoint(at: root.clock.wallTime)) }
    return look
  }

  /// What is in the other part.
  private func look(without part: Subdirectory) async throws(FileError) -> Look {
    var listing = FolderListing()
    for other in Subdirectory.allCases where other != part {
      await listing.add(try await root.fileSystem.list(path(other)), of: other)
    }
    var look = Look(coverage: .changes)
    for (unique, place) in listing.places { look.present[.file(unique)] = observation(of: unique, at: place) }
    for (key, reason) in listing.unreadable { look.unreadable[.file(key)] = reason }
    look.isPartial = true
    look.missingPart = part.rawValue
    return look
  }

  /// Just these messages. Gone is what neither directory holds under any name, by a complete listing.
  func look(at touched: [String: Touch]) async throws(FileError) -> (look: Look, undecided: [String: Touch]) {
    try await refreshTable()
    var look = Look(coverage: .changes)
    var missing: [String: Touch] = [:]
    for (unique, touch) in touched {
      // The watch told of it: then it may be readable now.
      if !touch.places.isEmpty { unreadableFiles[unique] = nil }
      if touched.count <= Self.probesMax, let place = try probe(unique, touch) {
        show(unique, at: place, touch, in: &look)
      } else {
        missing[unique] = touch
      }
    }
    guard !missing.isEmpty else { return (look, [:]) }
    let listing = try await list(only: Set(missing.keys))
    try await refreshTable()
    var undecided: [String: Touch] = [:]
    for (unique, touch) in missing {
      if let place = listing.places[unique] {
        show(unique, at: place, touch, in: &look)
      } else if let reason = listing.unreadable[unique] {
        look.unreadable[.file(unique)] = reason
      } else if listing.isComplete {
        look.gone.insert(.file(unique))
        record(unique, at: nil)
        unreadableFiles[unique] = nil
      } else {
        undecided[unique] = touch
      }
    }
    return (look, undecided)
  }

  private func show(_ unique: String, at place: MessagePlace, _ touch: Touch, in look: inout Look) {
    record(unique, at: place)
    if let reason = unreadableFiles[unique] {
      look.unreadable[.file(unique)] = reason
      return
    }
    var observation = observation(of: unique, at: place)
    if let movedFrom = touch.movedFrom { observation.traits = MessageTraits(movedFrom: movedFrom) }
    look.present[.file(unique)] = observation
  }

  private func observation(of unique: String, at place: MessagePlace) -> Observation {
    let letters = place.letters(of: unique)
    return Observation(
      flags: MaildirFlags.flags(of: letters, table), hidesKeywords: MaildirFlags.hidesKeywords(letters, table))
  }

  /// The first that is there, `cur` before `new`.
  private func probe(_ unique: String, _ touch: Touch) throws(FileError) -> MessagePlace? {
    var candidates = touch.places
    if let known = index?[unique] { candidates.insert(known) }
    let ordered = candidates.sorted { one, two in
      one.subdirectory != two.subdirectory
        ? one.subdirectory == .cur : one.fileName(of: unique) < two.fileName(of: unique)
    }
    for place in ordered where try root.fileSystem.status(path(place, of: unique))?.kind == .file { return place }
    return nil
  }

  /// Nil where something may have changed.
  private func provingStamp(_ earlier: Checkpoint) throws(FileError) -> MaildirCheckpoint? {
    let now = try stamp().checkpoint(at: root.clock.wallTime)
    return Checkpoint.maildir(now).provesNothingChanged(since: earlier) ? now : nil
  }
}
