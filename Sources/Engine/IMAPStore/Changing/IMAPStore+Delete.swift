package import Mail
package import Ports
import IMAP

extension IMAPStore {
  /// How often what is marked is asked for while the mailbox changes.
  private static let markSearchesMax = 5

  package func delete(_ keys: [MessageKey], in folder: FolderName) async throws(StoreError) -> Deletion {
    let uids = UIDSet(keys.compactMap(\.uid).sorted())
    guard !uids.isEmpty else { return Deletion() }
    // Without UIDPLUS the marks of others must be seen.
    let view = features?.hasUIDPlus == true ? WantedView.known(uids) : .latest
    return try await withSelected(folder, .light, seeing: view) { connection async throws(StoreError) in
      guard connection.mailbox?.isReadOnly == false else { return Deletion(refusal: readOnly(folder)) }
      let end = try await expunge(uids, on: connection, in: folder)
      return Deletion(gone: Set(end.gone.lazy.map { .uid($0) }), refusal: end.refusal?.text)
    }
  }

  func readOnly(_ folder: FolderName) -> String { "\(title): \(printable("\(folder)")) is read-only" }

  struct Expunged {
    /// Not there afterwards.
    var gone = UIDSet()
    /// The server's no to marking or expunging some of the others.
    var refusal: StoreError?
  }

  /// Expunges exactly these (law L10).
  func expunge(
    _ uids: UIDSet, on connection: IMAPConnection, in folder: FolderName
  ) async throws(StoreError) -> Expunged {
    var expunged = try await expungeOnce(uids, on: connection, in: folder)
    // Quirk, Dovecot 2.3.19, 2026-11: a UID EXPUNGE that arrives together with its STORE finds nothing marked where
    // another session expunged a moment before, and says OK. What looked since has brought its view up to date.
    let left = UIDSet(uids.filter { !expunged.gone.contains($0) })
    if !left.isEmpty, expunged.refusal == nil, features?.hasUIDPlus == true {
      let again = try await expungeOnce(left, on: connection, in: folder)
      expunged.gone.formUnion(again.gone)
      expunged.refusal = again.refusal
    }
    return expunged
  }

  private func expungeOnce(
    _ uids: UIDSet, on connection: IMAPConnection, in folder: FolderName
  ) async throws(StoreError) -> Expunged {
    let own = OwnExpunges(uids, on: connection)
    let refusal =
      if features?.hasUIDPlus == true {
        try await expungeByUID(uids, own, on: connection, in: folder)
      } else {
        try await marking(in: folder) { () async throws(StoreError) in
          try await expungeAlone(uids, own, on: connection, in: folder)
        }
      }
    return Expunged(gone: try await gone(uids, own, on: connection, in: folder), refusal: refusal)
  }

  /// OK proves nothing: what is still shown is still there.
  func gone(
    _ uids: UIDSet, _ own: OwnExpunges, on connection: IMAPConnection, in folder: FolderName
  ) async throws(StoreError) -> UIDSet {
    let shown = try await fetch(.set(uids), .uid, on: connection, in: folder)
    let there = Set(shown.present.keys).union(shown.flagless)
    var gone = UIDSet(uids.filter { !there.contains($0) })
    let unproven = UIDSet(gone.filter { !own.hasVanished($0) })
    if !unproven.isEmpty, own.numbered < gone.count {
      let confirmed = try await confirmGone(unproven, on: connection, in: folder)
      gone = UIDSet(gone.filter { own.hasVanished($0) || confirmed.contains($0) })
    }
    connection.forget(gone)
    memories[folder]?.news.forget(gone)
    // Somebody else's were among those told by number.
    if own.numbered > gone.count { events.post(.uncertain(folder)) }
    return gone
  }

  private func expungeByUID(
    _ uids: UIDSet, _ own: OwnExpunges, on connection: IMAPConnection, in folder: FolderName
  ) async throws(StoreError) -> StoreError? {
    let answers = uids.pieces().flatMap { piece in
      [
        connection.send(.uidStore(piece, .add, FlagSet(.deleted), silent: true)) { own.take($0) },
        connection.send(.uidExpunge(piece)) { own.take($0) },
      ]
    }
    return try refusal(in: try await connection.completions(of: answers), folder)
  }

  /// Without UIDPLUS there is only EXPUNGE, which takes all that is marked: so only where none but ours are.
  private func expungeAlone(
    _ uids: UIDSet, _ own: OwnExpunges, on connection: IMAPConnection, in folder: FolderName
  ) async throws(StoreError) -> StoreError? {
    let answers = uids.pieces().map { piece in
      connection.send(.uidStore(piece, .add, FlagSet(.deleted), silent: true)) { own.take($0) }
    }
    let refused = try refusal(in: try await connection.completions(of: answers), folder)
    // What another client has copied meanwhile bears our mark, and this session may not have been told of it. Dovecot
    // tells of it once NOOP is answered, and searches before that.
    _ = try await connection.run(.noop)
    guard let marked = try await searchDeleted(on: connection, in: folder) else { return refused }
    guard !marked.isEmpty, marked.isSubset(of: uids) else { return refused }
    return try refusal(in: [try await connection.run(.expunge) { own.take($0) }], folder) ?? refused
  }

  /// False where these would have to wait, because others' messages are marked (law L10).
  func mayExpunge(_ uids: UIDSet, on connection: IMAPConnection, in folder: FolderName) async throws(StoreError) -> Bool
  {
    if features?.hasUIDPlus == true { return true }
    return try await searchDeleted(on: connection, in: folder)?.isSubset(of: uids) ?? false
  }

  /// All that EXPUNGE would take now; nil where messages come, or are marked, at each try.
  private func searchDeleted(
    on connection: IMAPConnection, in folder: FolderName
  ) async throws(StoreError) -> UIDSet? {
    for _ in 0..<Self.markSearchesMax {
      let found = FoundMessages()
      let answer = try await connection.run(.uidSearch([.deleted], returningAll: false)) { found.take($0) }
      guard answer.isOK || answer.code == .expungeIssued else { throw refusal(deleting: answer, folder) }
      let marked = try found.uids(in: folder, of: self)
      if !found.isOutdated { return marked }
    }
    return nil
  }

  /// The first plain no among the answers; any other trouble is thrown. Where some of a set are gone the others are done
  /// (RFC 9051 §7.1, EXPUNGEISSUED).
  private func refusal(in answers: [Completion], _ folder: FolderName) throws(StoreError) -> StoreError? {
    var first: StoreError?
    for answer in answers where !answer.isOK && answer.code != .expungeIssued {
      let refusal = refusal(deleting: answer, folder)
      guard refusal.isPlainNo else { throw refusal }
      first = first ?? refusal
    }
    return first
  }

  private func refusal(deleting answer: Completion, _ folder: FolderName) -> StoreError {
    refusal(answer, "deleting in \(printable("\(folder)"))", .folder)
  }
}

/// What a server says of messages that end by our own hand, so that it is no news.
@Loop
final class OwnExpunges {
  private let uids: UIDSet
  private let connection: IMAPConnection
  /// The last response that was counted: each command in flight is told of it.
  private var lastCounted = 0
  /// What was named, of ours or not.
  private var vanished = GrowingUIDSet()
  /// EXPUNGEs that named a message by number.
  private(set) var numbered = 0

  init(_ uids: UIDSet, on connection: IMAPConnection) {
    self.uids = uids
    self.connection = connection
  }

  /// True where it is ours and was named.
  func hasVanished(_ uid: UID) -> Bool { uids.contains(uid) && vanished.contains(uid) }

  /// True where it is about our messages, or cannot be told apart from that.
  func take(_ untagged: IMAP.Untagged) -> Bool {
    switch untagged {
    case .fetch(let response): return response.uid.map(uids.contains) ?? false
    case .vanished(let gone, _):
      // What is not kept is asked for.
      if vanished.rangeCount + gone.ranges.count <= MessageListing.vanishedMax { vanished.formUnion(gone) }
      return gone.isSubset(of: uids)
    case .expunge:
      if connection.untaggedCount != lastCounted { numbered += 1 }
      lastCounted = connection.untaggedCount
      return true
    default: return false
    }
  }
}
