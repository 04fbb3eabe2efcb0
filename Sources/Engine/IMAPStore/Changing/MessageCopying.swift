import IMAP
import Mail
import Ports
import Reconciliation

/// Copies or moves messages from a selected mailbox, and finds out which became which.
@Loop
final class MessageCopying {
  /// How often a server may tell where one message is now.
  static let tellingsMax = 2

  private let store: IMAPStore
  private let connection: IMAPConnection
  private let source: FolderName
  private let target: FolderName
  /// The source's, under which the messages were named.
  let numbering: UIDValidity?
  private var asked = UIDSet()
  /// Messages that may still be paired: each is told of in an untagged OK, and by some servers again in the answer.
  private var pairsLeft = 0
  /// The last response that was read: each command in flight is told of it.
  private var lastRead = 0
  /// As COPYUID told.
  private var told: [UID: UID] = [:]
  /// Copied, and where to is to be found out by looking.
  private var untold: [UID: MessageTraits] = [:]
  private var lowest: UID?
  /// As they were before, where the server does not tell new UIDs.
  private var untraced: [UID: Observation] = [:]
  /// Messages of which nobody knows whether they were there.
  private var unknown = UIDSet()
  /// The server told of the new ones under another numbering.
  private var misplaced: StoreError?
  /// Why the server took some of them not to the target, where they are not then.
  private(set) var refusal: StoreError?
  /// Messages that MOVE was refused for, and that are where they were.
  private(set) var left = UIDSet()

  init(_ store: IMAPStore, _ connection: IMAPConnection, from source: FolderName, to target: FolderName) {
    self.store = store
    self.connection = connection
    self.source = source
    self.target = target
    numbering = connection.mailbox?.uidValidity
  }

  func copy(_ uids: UIDSet) async throws(StoreError) {
    try await prepare(uids)
    try await alone()
    let mailbox = try store.mailboxName(of: target)
    let completions = try await store.marking(in: target) { () async throws(StoreError) in
      let answers = uids.pieces().map { piece in
        connection.send(.uidCopy(piece, to: mailbox)) { [unowned self] in note($0) }
      }
      return try await connection.completions(of: answers)
    }
    for (piece, completion) in zip(uids.pieces(), completions) {
      guard completion.isOK else {
        try noteRefusal(completion, "copying")
        continue
      }
      try take(completion.code)
      rememberUntold(piece)
    }
    // COPY leaves out what is not there, and says OK: then there is no copy to be looked for, now or ever.
    var silent = unknown
    silent.formUnion(UIDSet(untold.keys.filter { untraced[$0] == nil }.sorted()))
    let there = try await store.search(silent, on: connection, in: source)
    for uid in silent { untold[uid] = there.contains(uid) ? untold[uid] ?? MessageTraits() : nil }
  }

  /// By MOVE; a partial one, too, reports just what was moved.
  func move(_ uids: UIDSet) async throws(StoreError) {
    try await prepare(uids)
    try await alone()
    let mailbox = try store.mailboxName(of: target)
    let own = OwnExpunges(uids, on: connection)
    let completions = try await store.marking(in: target) { () async throws(StoreError) in
      let answers = uids.pieces().map { piece in
        connection.send(.uidMove(piece, to: mailbox)) { [unowned self] in note($0) || own.take($0) }
      }
      return try await connection.completions(of: answers)
    }
    for completion in completions { try take(completion.code) }
    if let misplaced { throw misplaced }
    let refused = completions.first { !$0.isOK }
    let gone = try await store.gone(uids, own, on: connection, in: source)
    let isCopied = told.contains { !gone.contains($0.key) }
    told = told.filter { gone.contains($0.key) }
    // What MOVE takes away it tells, as EXPUNGE does (RFC 6851 §3). What is gone without that, and was not shown just
    // before, somebody else has taken: Dovecot says OK to that, too, and there is no copy to be looked for.
    let isTold = own.numbered > 0
    rememberUntold(UIDSet(gone.filter { isTold || own.hasVanished($0) || untraced[$0] != nil }))
    for uid in unknown where own.hasVanished(uid) { untold[uid] = MessageTraits() }
    guard let refused else { return }
    // What has a copy although it was refused, only matching anew tells: sent, it would be there twice (law L3).
    if isCopied { throw refusal(refused, "moving") }
    do throws(StoreError) {
      try noteRefusal(refused, "moving")
      left = UIDSet(uids.filter { !gone.contains($0) })
    } catch {
      if told.isEmpty, untold.isEmpty { throw error }
    }
  }

  /// A refused COPY leaves nothing behind (RFC 9051 §6.4.7), so that the others go on, and these may come by another way
  /// (law L11). Where some of a set were gone, servers differ in what they do with the others (RFC 2180 §4.4).
  private func noteRefusal(_ completion: Completion, _ doing: String) throws(StoreError) {
    let refusal = refusal(completion, doing)
    guard refusal.isPlainNo, completion.code != .expungeIssued else { throw refusal }
    self.refusal = self.refusal ?? refusal
  }

  /// Dovecot's session dies (2.3.19, an assertion in cmd-copy.c) where COPY or MOVE come in one piece with what ends
  /// later than it is read, as DONE and NOOP may.
  private func alone() async throws(StoreError) { try await connection.waitUntilQuiet() }

  /// Where each message is now. Only what is proven is in the answer.
  func placed() async throws(StoreError) -> [UID: UID] {
    guard !untold.isEmpty else { return told }
    let lowest = lowest ?? store.lowestNew(in: target)
    let shown = try await store.withSelected(target, .light) { connection async throws(StoreError) in
      try await store.fetchTraits(.from(lowest), on: connection, in: target, isLook: false)
    }
    let new = shown.filter { $0.key >= lowest }.sorted { $0.key < $1.key }
    var free = Dictionary(grouping: new) { $0.value.traits }.mapValues { $0.map(\.key)[...] }
    var placed = told
    // Servers copy in ascending order; equal traits are equal messages, and either will do.
    for (uid, traits) in untold.sorted(by: { $0.key < $1.key }) {
      placed[uid] = free[traits]?.popFirst() ?? placed[uid]
    }
    // Where one more is like them, it is somebody else's, and only its content tells which (law L1).
    let isUnclear = untold.values.contains { free[$0]?.isEmpty == false }
    let lost = isUnclear ? untold.count : untold.keys.count { placed[$0] == nil }
    guard lost == 0 else {
      // They are there somewhere. Sent once more, they would be there twice (law L3).
      throw StoreError(
        .folder, .refused,
        "\(store.title): \(counted(lost, "message was", "messages were")) copied to "
          + "\(printable("\(target)")), and the server does not tell as which; matching anew")
    }
    return placed
  }

  // MARK: COPYUID

  /// For MOVE it comes in an untagged OK, before the messages vanish (RFC 6851 §4.3).
  private func note(_ untagged: IMAP.Untagged) -> Bool {
    guard case .ok(let text) = untagged, case .copyUID? = text.code else { return false }
    guard connection.untaggedCount != lastRead else { return true }
    lastRead = connection.untaggedCount
    do { try take(text.code) } catch { misplaced = error }
    return true
  }

  private func take(_ code: ResponseCode?) throws(StoreError) {
    // One that pairs more than was asked for is none, and to read it again and again would take all the time (law L12).
    guard case .copyUID(let copied)? = code, copied.count <= pairsLeft else { return }
    pairsLeft -= copied.count
    try store.check(copied.uidValidity, of: target)
    // What was moved may be deleted in its old place: of others a server has nothing to say here (law L10).
    for (from, to) in copied.pairs where asked.contains(from) { told[from] = to }
  }

  // MARK: Without COPYUID

  /// Servers that do not tell new UIDs: where the new ones begin, and by what to know them.
  private func prepare(_ uids: UIDSet) async throws(StoreError) {
    asked = uids
    pairsLeft = Self.tellingsMax * uids.count
    if store.features?.hasUIDPlus == true { return }
    let mailbox = try store.mailboxName(of: target)
    let status = connection.send(.status(mailbox, [.uidNext, .uidValidity])) { [unowned self] untagged in
      guard case .status(mailbox, let status) = untagged else { return false }
      lowest = status.uidNext
      if let validity = status.uidValidity { note(validity) }
      return true
    }
    untraced = try await store.fetchTraits(.set(uids), on: connection, in: source, isLook: false)
    let completion = try await status.completion()
    guard completion.isOK else { throw refusal(completion, "copying") }
    if let misplaced { throw misplaced }
  }

  private func note(_ validity: UIDValidity) {
    do { try store.check(validity, of: target) } catch { misplaced = error }
  }

  private func rememberUntold(_ uids: UIDSet) {
    // What is left out of a COPYUID was not there to be copied.
    guard told.isEmpty || store.features?.hasUIDPlus != true else { return }
    for uid in uids where told[uid] == nil {
      // A server with UIDPLUS that did not tell all the same: what looks have told of the message must do.
      if let traits = untraced[uid]?.traits ?? store.memories[source]?.traits[uid] {
        untold[uid] = traits
      } else if store.features?.hasUIDPlus == true {
        unknown.insert(uid)
      }
    }
  }

  private func refusal(_ completion: Completion, _ doing: String) -> StoreError {
    store.refusal(
      completion, "\(doing) from \(printable("\(source)")) to \(printable("\(target)"))", .folder)
  }
}
