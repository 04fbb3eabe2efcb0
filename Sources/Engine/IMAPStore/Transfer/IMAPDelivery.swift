package import Mail
package import Ports
import IMAP
import Reconciliation

/// A batch of messages on their way into one mailbox: APPENDs in flight, and in the end where each message is now.
@Loop
final class IMAPDelivery: Delivery {
  /// APPENDs unanswered at a time, and their octets: a full pipe on a long way, and no more in doubt than that when
  /// the connection breaks.
  static let inFlightMax = 16
  static let octetsMax = 8 << 20

  struct Sent {
    let letter: Letter
    /// As far as the server can hold them.
    let flags: FlagSet
    let upload: Upload
    let answer: CommandAnswer
  }

  private let store: IMAPStore
  private let folder: FolderName
  private var member: PooledConnection?
  /// Where messages without APPENDUID are looked for.
  private var lowest: UID?
  private var sent: [Sent] = []

  init(_ store: IMAPStore, into folder: FolderName) {
    self.store = store
    self.folder = folder
  }

  // MARK: Adding

  func add(_ letter: Letter, _ content: any MessageContent) async throws(StoreError) {
    if let limit = store.features?.capabilities.appendLimit, content.wireSize > limit {
      throw StoreError(
        .message, .noSpace, "\(store.title) takes messages of at most \(limit) octets; this has \(content.wireSize)")
    }
    let member = try await connected()
    try await makeRoom(for: content.wireSize)
    let capacity = store.memories[folder]?.capacity
    let flags = capacity.map { letter.flags.held(by: $0) } ?? letter.flags
    let upload = Upload(content)
    let command = Command.append(
      to: try store.mailboxName(of: folder), flags, letter.date, size: content.wireSize)
    let isMarked = store.features?.hasUIDPlus != true && flags.system.contains(.deleted)
    try await store.marking(in: folder, if: isMarked) { () async throws(StoreError) in
      let answer = member.connection.send(command, upload: upload)
      sent.append(Sent(letter: letter, flags: flags, upload: upload, answer: answer))
      try await upload.isRead()
      if isMarked, upload.failure == nil { _ = try await answer.completion() }
    }
    if let failure = upload.failure { try await breakOff(member, failure) }
    if let failure = member.connection.failure { throw failure }
  }

  /// The source failed in the middle of a literal, which only the end of the connection can undo. What was sent before
  /// is answered first, and what comes goes over another connection.
  private func breakOff(_ member: PooledConnection, _ failure: StoreError) async throws(StoreError) {
    let broken = sent.removeLast()
    // It has no answer to come but the connection's end.
    do { _ = try await broken.answer.completion() } catch {}
    store.pool.release(member)
    self.member = nil
    throw failure
  }

  private func connected() async throws(StoreError) -> PooledConnection {
    if let member { return member }
    let member = try await store.pool.lease(for: try store.mailboxName(of: folder), .upload)
    self.member = member
    if store.memories[folder]?.capacity == nil { try await store.select(folder, on: member) }
    if lowest == nil, !member.features.hasUIDPlus { lowest = try await uidNext(on: member) }
    return member
  }

  private func uidNext(on member: PooledConnection) async throws(StoreError) -> UID? {
    let mailbox = try store.mailboxName(of: folder)
    var told: (uidNext: UID?, validity: UIDValidity?) = (nil, nil)
    let answer = try await member.connection.run(.status(mailbox, [.uidNext, .uidValidity])) { untagged in
      guard case .status(mailbox, let status) = untagged else { return false }
      told = (status.uidNext, status.uidValidity)
      return true
    }
    guard answer.isOK else { throw store.refusal(answer, "preparing \(printable("\(folder)"))", .folder) }
    // The connection may have the mailbox selected that had this name before.
    if let validity = told.validity { try store.check(validity, of: folder) }
    return told.uidNext
  }

  private func makeRoom(for size: Int) async throws(StoreError) {
    while true {
      let unanswered = sent.filter { !$0.answer.isAnswered }
      let octets = unanswered.map(\.upload.content.wireSize).clampedSum().addingClamped(size)
      guard let oldest = unanswered.first, unanswered.count >= Self.inFlightMax || octets > Self.octetsMax else {
        return
      }
      _ = try await oldest.answer.completion()
    }
  }

  // MARK: Ending

  func commit() async throws(StoreError) -> [Int: Result<Delivered, StoreError>] {
    defer { release() }
    var results: [Int: Result<Delivered, StoreError>] = [:]
    var placed: [(Sent, UID)] = []
    var unplaced: [Sent] = []
    var refused: [StoreError] = []
    for item in sent {
      let completion = try await item.answer.completion()
      guard completion.isOK else {
        let error = store.refusal(completion, "storing a message in \(printable("\(folder)"))", .message)
        guard error.scope < .account, error.kind != .gone else { throw error }
        refused.append(error)
        results[item.letter.ticket] = .failure(StoreError(.message, error.kind, error.text))
        continue
      }
      if case .appendUID(let validity, let uid)? = completion.code {
        try store.check(validity, of: folder)
        placed.append((item, uid))
      } else {
        unplaced.append(item)
      }
    }
    // A server that takes none of them is in trouble itself; one that takes the others has it with these (law L11).
    if refused.count == sent.count, let trouble = refused.first(where: { $0.scope > .message }) { throw trouble }
    let needsLook = !unplaced.isEmpty || placed.contains { $0.0.needsLook }
    let member = needsLook ? try await connected() : nil
    if let member {
      try await store.select(folder, on: member)
      let locating = AppendedSearch(store, member.connection, folder, from: lowest ?? store.lowestNew(in: folder))
      for (item, uid) in try await locating.run(unplaced, excluding: Set(placed.map(\.1))) {
        placed.append((item, uid))
      }
      for (ticket, delivered) in try await locating.delivered(placed) { results[ticket] = .success(delivered) }
    } else {
      for (item, uid) in placed {
        guard let identity = item.upload.identity else { continue }
        results[item.letter.ticket] = .success(Delivered(key: .uid(uid), flags: item.flags, identity: identity))
      }
    }
    return results
  }

  func abandon() async { release() }

  /// A connection with unanswered commands is closed by its pool.
  private func release() {
    sent.removeAll()
    guard let member else { return }
    self.member = nil
    store.pool.release(member)
  }
}

extension IMAPDelivery.Sent {
  /// Where the server may show something else than was sent: keywords that it silently drops, a NUL that it replaces.
  @Loop var needsLook: Bool { upload.hadNUL || !flags.keywords.isEmpty }
}

extension IMAPStore {
  package func delivery(into folder: FolderName) async throws(StoreError) -> any Delivery {
    IMAPDelivery(self, into: folder)
  }

  /// New messages have this UID or a higher one.
  func lowestNew(in folder: FolderName) -> UID {
    memories[folder]?.newFrom ?? memories[folder]?.expected?.uidNext ?? .first
  }
}

extension FlagSet {
  /// The part that a mailbox can hold.
  func held(by capacity: PermanentFlags) -> FlagSet {
    FlagSet(
      system.intersection(capacity.flags.system),
      keywords: capacity.takesNewKeywords ? keywords : keywords.filter { capacity.flags.contains($0) })
  }
}
