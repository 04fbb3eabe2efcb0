import Mail
import Ports
import Reconciliation

/// Moving what was deleted to the Trash that a person named.
///
/// A server without MOVE copies, and then expunges. Where that is refused, or its answer lost, a message is in both places,
/// and each further try would copy it once more; no pass would find the copies in a Trash that takes no part (law L3). So a
/// note in the ledger names the messages that may be in both, and the Trash is asked for these first.
extension Disposal {
  func moveToTrash(_ records: [PairRecord], _ trash: FolderName) async throws(StoreError) -> Deletion {
    guard !records.isEmpty else { return Deletion() }
    guard !context.stores.far.movesAtOnce else { return try await deletion(records, try await move(records, trash)) }
    let noted = try noted()
    let copied = try await copied(records.filter { noted.contains($0.pair.id) }, in: trash)
    let others = records.filter { !copied.contains($0.pair.id) }
    try note(noted.union(others.map(\.pair.id)))
    var gone = try await delete(records.filter { copied.contains($0.pair.id) })
    var moved = Moved()
    do {
      moved = try await move(others, trash)
    } catch {
      try noteMarks(others)
      throw error
    }
    gone = gone.and(try await deletion(others, moved))
    let inBoth = records.filter { record in
      let key = record.pair[.far].key
      return !gone.gone.contains(key) && (copied.contains(record.pair.id) || moved.keys[key] != nil)
    }
    try noteMarks(inBoth)
    try note(noted.subtracting(records.map(\.pair.id)).union(inBoth.map(\.pair.id)))
    return gone
  }

  private func deletion(_ records: [PairRecord], _ moved: Moved) async throws(StoreError) -> Deletion {
    var deletion = Deletion(gone: Set(moved.keys.keys).subtracting(moved.left), refusal: moved.refusal)
    let rest = Set(records.map(\.pair[.far].key)).subtracting(deletion.gone)
    guard !rest.isEmpty else { return deletion }
    // Others were quicker, or the server did not say where they are now.
    deletion.gone.formUnion(try await context.stores.far.look(at: folder.names.far, .messages(rest)).gone)
    return deletion
  }

  private func move(_ records: [PairRecord], _ trash: FolderName) async throws(StoreError) -> Moved {
    // In the Trash the mark would be another client's leave to expunge it.
    let marked = records.filter { $0.pair[.far].flags.system.contains(.deleted) }
    var refused: [MessageKey: String] = [:]
    if !marked.isEmpty {
      let unmarking = marked.map {
        FlagChange(key: $0.pair[.far].key, adding: .none, removing: FlagSet([.deleted]))
      }
      refused = try await context.stores.far.update(unmarking, in: folder.names.far).refused
    }
    let keys = records.map(\.pair[.far].key).filter { refused[$0] == nil }
    var moved = keys.isEmpty ? Moved() : try await move(keys, to: trash)
    moved.refusal = moved.refusal ?? refused.values.min()
    return moved
  }

  /// Whether the Trash is there, only the server can tell: it need not list it, nor the rules let it take part.
  private func move(_ keys: [MessageKey], to trash: FolderName) async throws(StoreError) -> Moved {
    let store = context.stores.far
    do {
      return try await store.move(keys, from: folder.names.far, to: trash)
    } catch {
      guard error.kind == .gone, context.folders[.far, trash] == nil else { throw error }
      try await store.createFolder(trash)
      context.needsListing = true
      return try await store.move(keys, from: folder.names.far, to: trash)
    }
  }

  // MARK: Half moved

  /// Those of which the Trash has a copy.
  private func copied(_ suspects: [PairRecord], in trash: FolderName) async throws(StoreError) -> Set<PairID> {
    guard !suspects.isEmpty else { return [] }
    let store = context.stores.far
    let look: Look
    do {
      look = try await store.look(at: trash, .glance)
    } catch {
      guard error.kind == .gone else { throw error }
      return []
    }
    guard !look.isPartial else {
      throw StoreError(
        .folder, .unavailable, "messages came and went in the Trash while it was listed; tried again soon")
    }
    let alike = look.present.filter { _, message in suspects.contains { $0.mayBe(message.traits) } }
    let read = try await store.identify(alike.keys.sorted(), in: trash)
    let there = Set(read.values.map(\.identity.digest))
    return Set(suspects.filter { there.contains($0.identity.digest) }.map(\.pair.id))
  }

  private func noted() throws(StoreError) -> Set<PairID> {
    let text = try context.fact(Self.halfMoved(folder.id)) ?? ""
    return Set(text.split(separator: " ").compactMap { Int64($0) }.map { PairID(rawValue: $0) })
  }

  /// Durable, as it has to be before a copy is asked for.
  private func note(_ pairs: Set<PairID>) throws(StoreError) {
    // A message that was brought half has no number of its own.
    let pairs = pairs.filter { $0.rawValue > 0 }
    guard try pairs != noted() else { return }
    let text = pairs.sorted().map { "\($0.rawValue)" }.joined(separator: " ")
    try context.setFact(Self.halfMoved(folder.id), to: text.isEmpty ? nil : text)
  }

  /// The folder is one no more.
  static func forgetHalfMoved(_ folder: FolderID, _ context: AccountContext) throws(StoreError) {
    try context.forgetFact(halfMoved(folder))
  }

  private static func halfMoved(_ folder: FolderID) -> String { "in folder \(folder.rawValue) and the Trash" }
}

extension PairRecord {
  /// What of a message is told without reading it; servers may tell another size than they store.
  fileprivate func mayBe(_ traits: MessageTraits?) -> Bool {
    guard let traits else { return true }
    if let name = identity.messageID { return traits.messageID == name }
    return traits.messageID == nil && traits.wireSize == identity.wireSize
  }
}

extension Deletion {
  func and(_ other: Deletion) -> Deletion {
    Deletion(
      gone: gone.union(other.gone), kept: kept.merging(other.kept) { $1 }, refusal: refusal ?? other.refusal)
  }
}
