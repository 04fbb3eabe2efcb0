package import Mail
package import Ports
import IMAP

extension IMAPStore {
  package func copy(
    _ keys: [MessageKey], from source: FolderName, to target: FolderName
  ) async throws(StoreError) -> [MessageKey: MessageKey] {
    let uids = UIDSet(keys.compactMap(\.uid).sorted())
    guard !uids.isEmpty else { return [:] }
    let copying = try await withSelected(source, .light) { connection async throws(StoreError) in
      let copying = MessageCopying(self, connection, from: source, to: target)
      try await copying.copy(uids)
      return copying
    }
    return try await copying.placed().keyed
  }

  package var movesAtOnce: Bool { features?.hasMove == true }

  package func move(
    _ keys: [MessageKey], from source: FolderName, to target: FolderName, taken: Set<MessageKey>
  ) async throws(StoreError) -> Moved {
    let uids = UIDSet(keys.compactMap(\.uid).sorted())
    guard !uids.isEmpty else { return Moved() }
    let hasMove = movesAtOnce
    var isReadOnly = false
    let copying = try await withSelected(source, .light) {
      connection async throws(StoreError) -> MessageCopying? in
      // Copied, and then not expunged, they would be in both, and be copied again at each try (law L3).
      isReadOnly = connection.mailbox?.isReadOnly != false
      if isReadOnly { return nil }
      if !hasMove, try await !mayExpunge(uids, on: connection, in: source) { return nil }
      let copying = MessageCopying(self, connection, from: source, to: target)
      if hasMove { try await copying.move(uids) } else { try await copying.copy(uids) }
      return copying
    }
    guard let copying else { return Moved(left: uids.keys, refusal: isReadOnly ? readOnly(source) : nil) }
    let placed = try await copying.placed()
    let copied = UIDSet(placed.keys.sorted())
    let refused = copying.refusal?.text
    if hasMove || copied.isEmpty { return Moved(placed.keyed, left: copying.left.keys, refusal: refused) }
    // The copies are there now; what cannot be expunged stays marked.
    let end = try await withSelected(source, .light, under: copying.numbering) { connection async throws(StoreError) in
      try await expunge(copied, on: connection, in: source)
    }
    return Moved(
      placed.keyed, left: UIDSet(copied.filter { !end.gone.contains($0) }).keys, refusal: refused ?? end.refusal?.text)
  }
}

extension UIDSet {
  fileprivate var keys: Set<MessageKey> { Set(lazy.map { .uid($0) }) }
}

extension [UID: UID] {
  fileprivate var keyed: [MessageKey: MessageKey] {
    reduce(into: [:]) { $0[.uid($1.key)] = .uid($1.value) }
  }
}
