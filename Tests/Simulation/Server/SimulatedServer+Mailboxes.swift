import IMAP
import Mail

/// CREATE, DELETE, RENAME, whoever asks. Each answers nil, or why not: the text of a NO.
extension SimulatedServer {
  func create(_ name: String) -> String? {
    var name = canonical(name)
    let separator = String(UnicodeScalar(profile.separator))
    if name.hasSuffix(separator) { name = String(name.dropLast()) }
    if let refusal = nameRefusal(name) { return refusal }
    if let box = mailbox(name) {
      guard !box.isSelectable else { return "[ALREADYEXISTS] Mailbox already exists" }
      box.isSelectable = true
      box.renumber(newValidity())
    } else {
      put(SimulatedMailbox(name: name, uidValidity: newValidity(), firstModSeq: firstModSeq))
    }
    return nil
  }

  /// RFC 9051 §6.3.5: with children, the name stays.
  func delete(_ name: String, by session: ServerSession?) -> String? {
    let name = canonical(name)
    guard name != "INBOX" else { return "[CANNOT] INBOX cannot be deleted" }
    guard let box = mailbox(name) else { return "[NONEXISTENT] No such mailbox" }
    let isParent = !children(of: name).isEmpty
    if isParent, !box.isSelectable { return "[HASCHILDREN] It holds other mailboxes" }
    if let session { record(box.messages, from: box, .deleteMailbox, by: session) }
    if !isParent {
      _ = take(name)
    } else {
      box.isSelectable = false
      box.isSubscribed = false
      box.remove(Set(box.messages.map(\.uid)))
    }
    cutOff(box, but: session)
    if session?.view?.mailbox === box { session?.view = nil }
    tell(.deleted(name))
    return nil
  }

  func rename(_ name: String, to target: String) -> String? {
    let name = canonical(name)
    let target = canonical(target)
    guard let box = mailbox(name) else { return "[NONEXISTENT] No such mailbox" }
    guard mailbox(target) == nil else { return "[ALREADYEXISTS] Mailbox already exists" }
    if let refusal = nameRefusal(target) { return refusal }
    let separator = String(UnicodeScalar(profile.separator))
    guard !target.hasPrefix(name + separator) else { return "[CANNOT] It cannot be within itself" }
    guard name != "INBOX" else { return renameInbox(box, to: target) }
    for moved in [box] + children(of: name) {
      let old = moved.name
      _ = take(old)
      moved.name = target + old.dropFirst(name.count)
      put(moved)
      tell(.renamed(old, to: moved.name))
    }
    return nil
  }

  /// RFC 9051 §6.3.6: its messages move, and it stays.
  private func renameInbox(_ inbox: SimulatedMailbox, to target: String) -> String? {
    let box = SimulatedMailbox(name: target, uidValidity: newValidity(), firstModSeq: firstModSeq)
    put(box)
    for message in inbox.messages {
      _ = box.append(
        message.bytes, message.flags, message.internalDate, markedByOthers: message.isMarkedByOthers)
    }
    inbox.remove(Set(inbox.messages.map(\.uid)))
    tell(.created(target), .messages(inbox))
    return nil
  }

  /// Notes what a session is about to end.
  func record(
    _ messages: [ServerMessage], from box: SimulatedMailbox, _ way: ServerRecord.Expunge.Way, by session: ServerSession
  ) {
    for message in messages {
      let wasFound = box.deletedWhenSearched.contains(message.uid)
      let isNew = message.isMarkedByOthers || message.uid >= box.uidNextWhenSearched
      record.expunges.append(
        .init(
          session: session.number, way: way, mailbox: box.name, uid: message.uid,
          wasMarkedByOthers: message.isMarkedByOthers,
          wasMarkedUnseen: isNew && !wasFound,
          wasCounted: message.uid < box.uidNextWhenCounted, at: clock.now,
          bytes: message.bytes))
    }
  }

  private func nameRefusal(_ name: String) -> String? {
    let separator = UInt8(profile.separator)
    let pieces = name.utf8.split(separator: separator, omittingEmptySubsequences: false)
    guard !name.isEmpty, name.utf8.count <= 1000, ModifiedUTF7.decode(Array(name.utf8)) != nil,
      pieces.allSatisfy({ !$0.isEmpty }), !name.utf8.contains(where: { $0 == 0x25 || $0 == 0x2A })
    else { return "[CANNOT] Invalid mailbox name" }
    guard name.hasPrefix(profile.namespacePrefix) else { return "[CANNOT] Outside of the namespace" }
    return nil
  }
}
