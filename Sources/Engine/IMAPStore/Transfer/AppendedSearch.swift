import IMAP
import Mail
import Ports
import Reconciliation

/// Finds the messages that a server without UIDPLUS has just stored, among those that are new in the mailbox.
///
/// Size and Message-ID find candidates; where they leave a doubt the candidates are read, and the digest decides. Of two
/// with the same digest it is the later one: a server may have told an UIDNEXT that was no more true, and the earlier
/// one have its partner.
@Loop
struct AppendedSearch {
  private let store: IMAPStore
  private let connection: IMAPConnection
  private let folder: FolderName
  private let lowest: UID

  init(_ store: IMAPStore, _ connection: IMAPConnection, _ folder: FolderName, from lowest: UID) {
    self.store = store
    self.connection = connection
    self.folder = folder
    self.lowest = lowest
  }

  func run(
    _ sent: [IMAPDelivery.Sent], excluding taken: Set<UID>
  ) async throws(StoreError) -> [(IMAPDelivery.Sent, UID)] {
    guard !sent.isEmpty else { return [] }
    let shown = try await store.fetchTraits(.from(lowest), on: connection, in: folder, isLook: false)
    let free = shown.filter { $0.key >= lowest && !taken.contains($0.key) }
    // By Message-ID, and by size: looking through all for each would cost their product.
    var alike = Dictionary(grouping: free) { $0.value.traits?.messageID }
      .mapValues { Dictionary(grouping: $0) { $0.value.traits?.wireSize }.mapValues { Set($0.map(\.key)) } }
    var found: [(IMAPDelivery.Sent, UID)] = []
    // Alike as they may be, they came in this order, and their flags differ.
    for item in sent.reversed() {
      guard let uid = try await place(of: item, among: alike) else {
        throw StoreError(
          .folder, .internalFault,
          "\(store.title): a message stored in \(printable("\(folder)")) is not found there; looking again")
      }
      let traits = free[uid]?.traits
      alike[traits?.messageID]?[traits?.wireSize]?.remove(uid)
      found.append((item, uid))
    }
    return found
  }

  private func place(
    of item: IMAPDelivery.Sent, among alike: [String?: [Int?: Set<UID>]]
  ) async throws(StoreError) -> UID? {
    guard let identity = item.upload.identity else { return nil }
    let same = alike[identity.messageID] ?? [:]
    let likely = same[identity.wireSize]?.sorted(by: >) ?? []
    if likely.count == 1, identity.messageID != nil { return likely.first }
    let candidates = likely.isEmpty ? same.values.joined().sorted(by: >) : likely
    guard !candidates.isEmpty else { return nil }
    let read = try await store.identify(candidates, on: connection, in: folder)
    if let exact = candidates.first(where: { read[.uid($0)]?.identity.digest == identity.digest }) { return exact }
    // A server that rewrites what it stores: only its Message-ID is left to know it by.
    return candidates.count == 1 && identity.messageID != nil ? candidates.first : nil
  }

  /// Each message with those of its keywords that the server shows; system flags a server takes or says that it does not.
  /// What else differs was done since, and is a change that the other side has yet to follow (law L6).
  func delivered(_ placed: [(IMAPDelivery.Sent, UID)]) async throws(StoreError) -> [Int: Delivered] {
    let uids = UIDSet(placed.map(\.1).sorted())
    guard !uids.isEmpty else { return [:] }
    let shown = try await store.fetch(.set(uids), .known, on: connection, in: folder, isLook: false).present
    let rewritten = placed.filter { $0.0.upload.hadNUL }.map(\.1)
    let read = rewritten.isEmpty ? [:] : try await store.identify(rewritten, on: connection, in: folder)
    return placed.reduce(into: [:]) { delivered, entry in
      let (item, uid) = entry
      guard let identity = read[.uid(uid)]?.identity ?? item.upload.identity else { return }
      let held = shown[uid]?.flags.intersection(item.flags) ?? item.flags
      delivered[item.letter.ticket] = Delivered(
        key: .uid(uid), flags: FlagSet(item.flags.system, keywords: held.keywords), identity: identity)
    }
  }
}
