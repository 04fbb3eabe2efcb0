import IMAP
import Mail
import Ports
import Reconciliation

/// Reads many messages from one selected mailbox: commands in flight on one side, the receiver on the other.
@Loop
final class BodyReading {
  typealias Receive = @Loop (MessageKey, Result<any MessageContent, StoreError>) async throws(StoreError) -> Void

  private let store: IMAPStore
  private let connection: IMAPConnection
  private let folder: FolderName
  private let items: FetchItems
  private let channel = BodyChannel()
  private var waiting: [UIDSet]
  private var inFlight: [(id: CommandID, uids: UIDSet)] = []
  /// Read, gone, or told as failed.
  private var settled: Set<UID> = []
  /// Answered OK and not shown: in doubt until asked again.
  private var missing: [UID] = []
  /// Messages to be asked for one by one: their command was refused, or which they are was told too late.
  private var single: [UID] = []
  private var window = FetchChunks.inFlightMax
  /// Sees each FETCH response that carried a body.
  var fetched: (FetchResponse) -> Void = { _ in }

  init(_ store: IMAPStore, _ connection: IMAPConnection, _ folder: FolderName, items: FetchItems = [.uid, .body]) {
    self.store = store
    self.connection = connection
    self.folder = folder
    self.items = items
    waiting = []
  }

  func run(_ uids: [UID], receive: Receive) async throws(StoreError) {
    connection.deliverBodies(to: channel)
    defer { connection.deliverBodies(to: nil) }
    let traits = store.memories[folder]?.traits ?? [:]
    waiting = FetchChunks.chunks(uids) { traits[$0]?.wireSize }
    do throws(StoreError) {
      try await readAll(receive)
      let again = single
      single = []
      // One after another: then there is no doubt whose body it is.
      window = 1
      waiting = again.sorted().map { UIDSet([$0]) }
      try await readAll(receive)
      try await readMissing(receive)
    } catch {
      await giveUp()
      throw error
    }
  }

  /// What is gone does not come. What is not, and is still not shown, comes as a failure.
  private func readMissing(_ receive: Receive) async throws(StoreError) {
    guard !missing.isEmpty else { return }
    let doubtful = UIDSet(missing.sorted())
    missing = []
    // Bodies that a server sends unasked are for nobody now: waiting to be taken, they would keep its answer from us.
    connection.deliverBodies(to: nil)
    let gone = try await store.confirmGone(doubtful, on: connection, in: folder)
    connection.deliverBodies(to: channel)
    settled.subtract(doubtful)
    waiting = doubtful.filter { !gone.contains($0) }.map { UIDSet([$0]) }
    try await readAll(receive)
    for uid in missing {
      let text = "\(store.title): \(printable("\(folder)")) UID \(uid): the server does not show this message"
      try await receive(.uid(uid), .failure(StoreError(.message, .unavailable, text)))
    }
  }

  private func readAll(_ receive: Receive) async throws(StoreError) {
    sendMore()
    while !inFlight.isEmpty {
      switch try await channel.take() {
      case .began(let start): try await read(start, receive)
      case .fetched(let response):
        // NIL: expunged meanwhile, or what some servers say of a message whose file is empty or lost.
        if response.bodyWasNil, let uid = response.uid, settled.insert(uid).inserted { missing.append(uid) }
      case .completed(let id, let completion): try await completed(id, completion, receive)
      case .voided: continue
      case .octets, .ended:
        throw StoreError(.account, .internalFault, "\(store.title): octets of no message")
      }
    }
  }

  private func sendMore() {
    while inFlight.count < window, !waiting.isEmpty {
      let uids = waiting.removeFirst()
      for piece in uids.pieces() {
        let answer = connection.send(.uidFetch(.set(piece), items)) { untagged in
          guard case .fetch(let response) = untagged, response.uid.map(piece.contains) ?? false else { return false }
          // Flags that are told along are news, whoever asked for the rest.
          return response.flags == nil
        }
        inFlight.append((answer.id, piece))
      }
    }
  }

  private func read(_ start: BodyStart, _ receive: Receive) async throws(StoreError) {
    let only = inFlight.count == 1 && inFlight[0].uids.count == 1 ? inFlight[0].uids.first : nil
    guard let uid = start.uid ?? only else {
      // Which message this is will be told when it is over: too late to hand it on in pieces.
      let content = FetchedContent(start, date: nil, from: channel)
      try await content.drain()
      return
    }
    let content = FetchedContent(start, date: store.memories[folder]?.traits[uid]?.date, from: channel)
    guard !settled.contains(uid), inFlight.contains(where: { $0.uids.contains(uid) }) else {
      return try await content.drain()
    }
    settled.insert(uid)
    try await receive(.uid(uid), .success(content))
    try await content.drain()
    // The response it belongs to comes right behind; a void one makes the message doubtful, and it is broken off.
    switch try await channel.take() {
    case .fetched(let response):
      guard response.uid == nil || response.uid == uid else {
        throw StoreError(
          .account, .unavailable, "\(store.title): \(printable("\(folder)")) UID \(uid): another message came")
      }
      fetched(response)
    case .voided:
      throw StoreError(
        .account, .unavailable, "\(store.title): \(printable("\(folder)")) UID \(uid): the answer could not be read")
    case .began, .octets, .ended, .completed:
      throw StoreError(.account, .internalFault, "\(store.title): a message without its response")
    }
  }

  private func completed(
    _ id: CommandID, _ completion: Completion, _ receive: Receive
  ) async throws(StoreError) {
    guard let index = inFlight.firstIndex(where: { $0.id == id }) else { return }
    let uids = inFlight.remove(at: index).uids
    sendMore()
    let left = uids.filter { !settled.contains($0) }
    guard !left.isEmpty else { return }
    if uids.count > 1 {
      // Not shown, or refused together with another: each by itself.
      single += left
    } else if let uid = left.first {
      settled.insert(uid)
      guard !completion.isOK, completion.code != .expungeIssued else { return missing.append(uid) }
      let error = store.refusal(completion, "reading UID \(uid) of \(printable("\(folder)"))", .message)
      // Yahoo says UNAVAILABLE of single messages for ever: the others go on.
      try await receive(.uid(uid), .failure(StoreError(.message, error.kind, error.text)))
    }
  }

  /// The receiver wants no more: what is on its way is read and dropped; a cancelled task does not even wait for that.
  private func giveUp() async {
    channel.discard()
    waiting = []
    guard !Task.isCancelled else { return connection.close() }
    // The connection's answers tell; where they do not come, it is ended.
    do { _ = try await connection.run(.noop) } catch {}
  }
}
