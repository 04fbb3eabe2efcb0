package import Mail
package import Ports
import IMAP
import Reconciliation

extension IMAPStore {
  package func folders() async throws(StoreError) -> [FolderEntry] {
    let listing = try await withConnection(for: nil, .light) { member async throws(StoreError) in
      let listing = takeOpeningListing() ?? MailboxListing(member.features)
      try await listing.run(on: member.connection, self)
      return listing
    }
    let entries = listing.entries
    leftOut = listing.leftOut
    watching.namesWereTold(
      Set(entries.filter(\.holdsMessages).map(\.name)), phantoms: listing.phantoms)
    for line in listing.found {
      let validity = line.status?.checkpoint?.uidValidity
      var memory = memories[line.folder] ?? newMemory(of: line.folder, line.mailbox)
      if memory.mailbox != line.mailbox { memory = FolderMemory(mailbox: line.mailbox) }
      if memory.listed == nil { memory.listed = line.status?.checkpoint }
      if memory.validity == nil { memory.validity = validity }
      memories[line.folder] = memory
    }
    let there = Set(listing.found.lazy.map(\.folder))
    for folder in memories.keys where !there.contains(folder) { mailboxIsGone(folder) }
    return entries
  }

  package func createFolder(_ folder: FolderName) async throws(StoreError) {
    forgetOpeningListing()
    let mailbox = try mailboxName(of: folder)
    try await withConnection(for: nil, .light) { member async throws(StoreError) in
      try await create(folder, mailbox, on: member.connection)
      // Other clients show what is subscribed; a server that has no subscriptions is none the worse.
      _ = try await member.connection.run(.subscribe(mailbox))
    }
    setMemory(FolderMemory(mailbox: mailbox), of: folder)
    watching.wasCreated(folder)
  }

  /// RFC 9051 §6.3.4: a server makes what is missing above it; some do not.
  private func create(
    _ folder: FolderName, _ mailbox: MailboxName, on connection: IMAPConnection
  ) async throws(StoreError) {
    let answer = try await connection.run(.create(mailbox))
    if answer.isOK || answer.code == .alreadyExists { return }
    let failure = refusal(answer, "creating \(printable("\(folder)"))", .folder)
    guard let parent = folder.parent, !parent.isInbox else { throw failure }
    do throws(StoreError) {
      try await create(parent, try mailboxName(of: parent), on: connection)
    } catch {
      guard error.scope < .account else { throw error }
      throw failure
    }
    let again = try await connection.run(.create(mailbox))
    guard again.isOK || again.code == .alreadyExists else { throw failure }
  }

  package func removeFolder(_ folder: FolderName) async throws(StoreError) {
    forgetOpeningListing()
    let shown = printable("\(folder)")
    guard !folder.isInbox else { throw StoreError(.folder, .refused, "\(title): INBOX cannot be removed") }
    let mailbox = try mailboxName(of: folder)
    await leave(mailbox, of: folder)
    try await withConnection(for: nil, .light) { member async throws(StoreError) in
      let connection = member.connection
      // A server closes the connections that have it selected.
      if connection.mailbox?.name == mailbox { try await selectInbox(on: connection) }
      guard try await !hasChildren(mailbox, shown, on: member) else {
        throw StoreError(.folder, .refused, "\(title): \(shown) holds other folders, so it is not removed")
      }
      // Last: what somebody puts there between this and DELETE goes with it, whatever we do (RFC 9051 §6.3.5).
      guard try await messageCount(of: mailbox, shown, on: connection) == 0 else {
        throw StoreError(.folder, .refused, "\(title): \(shown) holds messages, so it is not removed")
      }
      let answer = try await connection.run(.delete(mailbox))
      if answer.isOK {
        // Whether it was subscribed or not, nothing is left to subscribe to.
        _ = try await connection.run(.unsubscribe(mailbox))
      } else if answer.code != .nonExistent {
        throw refusal(answer, "removing \(shown)", .folder)
      }
    }
    setMemory(nil, of: folder)
    watching.wasRemoved(folder)
  }

  /// Free connections that have it selected let go of it; a watcher of it watches no more.
  private func leave(_ mailbox: MailboxName, of folder: FolderName) async {
    for member in pool.members where !member.isLeased && member.connection.mailbox?.name == mailbox {
      if await watching.movedOn(member, from: folder) { continue }
      watching.retired(member)
      pool.retire(member)
    }
  }

  private func selectInbox(on connection: IMAPConnection) async throws(StoreError) {
    let answer = try await connection.run(.select(.inbox, readOnly: false, .none))
    guard answer.isOK else { throw refusal(answer, "opening INBOX", .account) }
  }

  private func messageCount(
    of mailbox: MailboxName, _ shown: String, on connection: IMAPConnection
  ) async throws(StoreError) -> Int {
    var count: Int?
    let answer = try await connection.run(.status(mailbox, [.messages])) { untagged in
      guard case .status(mailbox, let status) = untagged else { return false }
      count = status.messages
      return true
    }
    guard answer.isOK, let count else { throw refusal(answer, "looking whether \(shown) is empty", .folder) }
    return count
  }

  private func hasChildren(
    _ mailbox: MailboxName, _ shown: String, on member: PooledConnection
  ) async throws(StoreError) -> Bool {
    guard let delimiter = member.features.naming.delimiter,
      let pattern = MailboxName(bytes: mailbox.bytes + [delimiter, UInt8(ascii: "%")])
    else { return false }
    var hasChildren = false
    let answer = try await member.connection.run(
      .list(reference: .empty, pattern: pattern, returning: .none)
    ) { untagged in
      guard case .list(let line) = untagged else { return false }
      // A name with a wildcard in it lists more than its children.
      if line.name.bytes.starts(with: mailbox.bytes + [delimiter]), !line.attributes.contains(.nonExistent) {
        hasChildren = true
      }
      return true
    }
    guard answer.isOK else { throw refusal(answer, "looking below \(shown)", .folder) }
    return hasChildren
  }
}
