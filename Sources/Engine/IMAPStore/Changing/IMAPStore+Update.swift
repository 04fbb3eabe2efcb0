package import Mail
package import Ports
import IMAP
import Reconciliation

extension IMAPStore {
  package func update(_ changes: [FlagChange], in folder: FolderName) async throws(StoreError) -> Marked {
    let uids = UIDSet(changes.compactMap(\.key.uid).sorted())
    guard !uids.isEmpty else { return Marked() }
    return try await withSelected(folder, .light, seeing: .known(uids)) { connection async throws(StoreError) in
      // A mailbox that cannot be written to holds no flag of ours: it is answered with what it shows (law L6).
      let changes = connection.mailbox?.isReadOnly == false ? changes : []
      let capacity = connection.mailbox?.flagCapacity ?? PermanentFlags(.none, takesNewKeywords: false)
      var answer = try await apply(changes, capacity, showing: uids, on: connection, in: folder)
      // Somebody changed them back in between, or the server holds no such flag whatever it says: once more tells.
      let undone = answer.wasRefused ? [] : changes.compactMap { $0.undone(by: answer.marked.shown, capacity) }
      if !undone.isEmpty {
        let uids = UIDSet(undone.compactMap(\.key.uid).sorted())
        let again = try await apply(undone, capacity, showing: uids, on: connection, in: folder)
        answer.marked.shown.merge(again.marked.shown) { $1 }
        answer.marked.refused = again.marked.refused
      }
      // What another connection was told of them may be older than this, or newer: only a look tells.
      if memories[folder]?.news.forgetTold(of: uids) ?? false { hint(folder) }
      return answer.marked
    }
  }

  private struct Answer {
    var marked: Marked
    /// Something of it, be it a keyword that the mailbox does not take.
    let wasRefused: Bool
  }

  private struct RefusedStore {
    let store: StoreCommands.Store
    let words: String

    var hasKeywords: Bool { !store.flags.keywords.isEmpty }
  }

  private func apply(
    _ changes: [FlagChange], _ capacity: PermanentFlags, showing uids: UIDSet, on connection: IMAPConnection,
    in folder: FolderName
  ) async throws(StoreError) -> Answer {
    let stores = StoreCommands(changes, capacity: capacity).stores
    let mayMark = changes.contains { $0.adding.system.contains(.deleted) }
    let refused = try await marking(in: folder, if: mayMark) { () async throws(StoreError) in
      let refused = try await store(stores, on: connection, in: folder)
      // A keyword too many, or one that the server does not like: the rest is set all the same.
      let again = refused.map(\.store).compactMap { store -> StoreCommands.Store? in
        guard !store.flags.keywords.isEmpty, !store.flags.system.isEmpty else { return nil }
        return StoreCommands.Store(uids: store.uids, action: store.action, flags: FlagSet(store.flags.system))
      }
      return refused + (try await self.store(again, on: connection, in: folder))
    }
    // The truth is what is shown: of a STORE that changed nothing, and of the gone, servers say nothing.
    let listing = try await fetch(.set(uids), .known, on: connection, in: folder)
    var marked = Marked(
      listing.present.reduce(into: [:]) {
        if uids.contains($1.key) { $0[.uid($1.key)] = $1.value.flags }
      })
    // A keyword that is refused is one that the mailbox does not hold; for anything else a right was missing.
    for refusal in refused where !refusal.hasKeywords {
      for uid in refusal.store.uids where marked.shown[.uid(uid)] != nil { marked.refused[.uid(uid)] = refusal.words }
    }
    return Answer(marked: marked, wasRefused: !refused.isEmpty)
  }

  /// All in one write; the ones that the server refused.
  private func store(
    _ stores: [StoreCommands.Store], on connection: IMAPConnection, in folder: FolderName
  ) async throws(StoreError) -> [RefusedStore] {
    let answers = stores.map {
      connection.send(.uidStore($0.uids, $0.action, $0.flags, silent: true)) { Self.isEcho($0) }
    }
    var refused: [RefusedStore] = []
    for (store, completion) in zip(stores, try await connection.completions(of: answers)) {
      // Some of the set were gone; the others were done (RFC 9051 §7.1, EXPUNGEISSUED).
      if completion.isOK || completion.code == .expungeIssued { continue }
      let refusal = refusal(completion, "marking messages in \(printable("\(folder)"))", .folder)
      // What may work later says nothing of what the mailbox can hold (law L6).
      guard refusal.isPlainNo else { throw refusal }
      refused.append(RefusedStore(store: store, words: refusal.text))
    }
    return refused
  }

  /// With CONDSTORE a silent STORE tells the new modification sequence, and nothing else that is new.
  private static func isEcho(_ untagged: IMAP.Untagged) -> Bool {
    guard case .fetch(let response) = untagged else { return false }
    return response.uid != nil && response.flags == nil
  }
}

extension FlagChange {
  /// What of it is not to be seen although the mailbox can hold it; nil where all is.
  fileprivate func undone(by shown: [MessageKey: FlagSet], _ capacity: PermanentFlags) -> FlagChange? {
    guard let flags = shown[key] else { return nil }
    let missing = adding.held(by: capacity).subtracting(flags)
    let kept = removing.held(by: capacity).intersection(flags)
    return missing.isEmpty && kept.isEmpty ? nil : FlagChange(key: key, adding: missing, removing: kept)
  }
}
