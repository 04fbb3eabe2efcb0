import IMAP
import Mail
import Ports

extension MailboxLook {
  /// So many messages of a folder may be refused one by one; of more it is the folder's trouble.
  nonisolated static let refusedMax = 20
  /// Refused sets that are asked for again in halves: more than it takes to find so many among all that a folder may have.
  nonisolated static let splitsMax = 500

  /// For a server that refuses to describe all because of one, as it may where its own file of that message is damaged: the
  /// flags are asked for alone, and the rest in ever smaller sets, until those are found that it is about. They are set
  /// aside (law L11).
  func describeInParts(from lowest: UID, _ store: IMAPStore) async throws(StoreError) {
    let flags = try await ask(.from(.first), .known)
    guard flags.isOK else { throw refusal(flags, store) }
    let parts = listing.undescribed(from: lowest).pieces()
    var isOver = false
    let refused = try await Self.refused(among: parts) { part throws(StoreError) in
      if isOver { return nil }
      let answer = try await ask(.set(part), .traits)
      if answer.code == .expungeIssued {
        listing.disturb()
        isOver = true
      }
      return answer.isOK || isOver ? nil : refusal(answer, store)
    }
    for (uid, reason) in refused { listing.setAside(uid, because: reason) }
  }

  /// Which messages a server does not describe, and why, of some that it may refuse to describe together. `ask` answers
  /// the refusal, nil where there is none.
  static func refused(
    among messages: [UIDSet], _ ask: (UIDSet) async throws(StoreError) -> StoreError?
  ) async throws(StoreError) -> [UID: String] {
    var refused: [UID: String] = [:]
    var parts = messages
    var splits = 0
    while let part = parts.popLast() {
      guard let refusal = try await ask(part) else { continue }
      if part.count > 1, splits < splitsMax {
        splits += 1
        parts += part.chunks(of: (part.count + 1) / 2)
      } else if part.count == 1, let uid = part.first, refused.count < refusedMax {
        refused[uid] = refusal.text
      } else {
        throw refusal
      }
    }
    return refused
  }

  private func ask(_ target: UIDTarget, _ items: FetchItems) async throws(StoreError) -> Completion {
    try await connection.run(.uidFetch(target, items)) { [unowned self] in take($0) }
  }

  private func refusal(_ answer: Completion, _ store: IMAPStore) -> StoreError {
    store.refusal(answer, "listing \(printable("\(folder)"))", .folder)
  }
}
