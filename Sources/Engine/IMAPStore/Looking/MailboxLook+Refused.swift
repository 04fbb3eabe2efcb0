import IMAP
import Mail
import Ports

extension MailboxLook {
  /// So many messages of a folder may be refused one by one; of more it is the folder's trouble.
  nonisolated static let refusedMax = 20

  /// For a server that refuses to describe all because of one, as it may where its own file of that message is damaged: the
  /// flags are asked for alone, and the rest in ever smaller sets, until those are found that it is about. They are set
  /// aside (law L11).
  func describeInParts(from lowest: UID, _ store: IMAPStore) async throws(StoreError) {
    let flags = try await ask(.from(.first), .known)
    guard flags.isOK else { throw refusal(flags, store) }
    var parts = listing.undescribed(from: lowest).pieces()
    while let part = parts.popLast() {
      let answer = try await ask(.set(part), .traits)
      guard !answer.isOK else { continue }
      if answer.code == .expungeIssued { return listing.disturb() }
      if part.count > 1 {
        parts += part.chunks(of: (part.count + 1) / 2)
      } else if let uid = part.first, listing.refused.count < Self.refusedMax {
        listing.setAside(uid, because: refusal(answer, store).text)
      } else {
        throw refusal(answer, store)
      }
    }
  }

  private func ask(_ target: UIDTarget, _ items: FetchItems) async throws(StoreError) -> Completion {
    try await connection.run(.uidFetch(target, items)) { [unowned self] in take($0) }
  }

  private func refusal(_ answer: Completion, _ store: IMAPStore) -> StoreError {
    store.refusal(answer, "listing \(printable("\(folder)"))", .folder)
  }
}
