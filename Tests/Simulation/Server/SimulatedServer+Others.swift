package import Mail
import Ports
import Support

/// What other clients, deliveries and administrators do: at once, and told to the sessions as their protocol allows.
/// Names are those on the wire (`name(of:)`); what names nothing does nothing, and says so.
extension SimulatedServer {
  /// The new message's UID; nil where there is no such mailbox.
  @discardableResult
  package func append(
    _ bytes: [UInt8], flags: Set<String> = [], date: InternalDate? = nil, to name: String = "INBOX"
  ) -> UID? {
    guard let box = mailbox(name), box.isSelectable else { return nil }
    let uid = box.append(
      bytes, flags, date ?? InternalDate(secondsSince1970: clock.wallTime.seconds), markedByOthers: true)
    log.note("other: append \(bytes.count) octets to \(box.name) UID \(uid)")
    tell(.messages(box))
    return uid
  }

  @discardableResult
  package func setFlags(
    adding: Set<String> = [], removing: Set<String> = [], of uid: UID, in name: String = "INBOX"
  ) -> Bool {
    guard let box = mailbox(name), let index = box.index(of: uid) else { return false }
    let flags = box.messages[index].flags.union(box.spelled(adding)).subtracting(box.spelled(removing))
    guard box.setFlags(flags, at: index, byOthers: true) else { return true }
    log.note("other: flags of \(box.name) UID \(uid): \(box.messages[index].sortedFlags.joined(separator: " "))")
    tell(.flags(box))
    return true
  }

  @discardableResult
  package func expunge(_ uid: UID, in name: String = "INBOX") -> Bool {
    guard let box = mailbox(name), box.index(of: uid) != nil else { return false }
    box.remove([uid])
    log.note("other: expunge \(box.name) UID \(uid)")
    tell(.messages(box))
    return true
  }

  /// The UID of the copy.
  @discardableResult
  package func copy(_ uid: UID, from source: String, to target: String) -> UID? {
    guard let copy = transfer(uid, from: source, to: target) else { return nil }
    log.note("other: copy \(source) UID \(uid) to \(target) UID \(copy)")
    if let box = mailbox(target) { tell(.messages(box)) }
    return copy
  }

  /// The UID where it is now.
  @discardableResult
  package func move(_ uid: UID, from source: String, to target: String) -> UID? {
    guard let from = mailbox(source), let to = mailbox(target), let copy = transfer(uid, from: source, to: target)
    else { return nil }
    from.remove([uid])
    log.note("other: move \(source) UID \(uid) to \(target) UID \(copy)")
    tell(.messages(to), .messages(from))
    return copy
  }

  private func transfer(_ uid: UID, from source: String, to target: String) -> UID? {
    guard let from = mailbox(source), let to = mailbox(target), to.isSelectable, let message = from.message(uid) else {
      return nil
    }
    return to.append(message.bytes, message.flags, message.internalDate, markedByOthers: message.isMarkedByOthers)
  }

  // MARK: Mailboxes

  @discardableResult
  package func createMailbox(_ name: String, isSubscribed: Bool = true, roles: [String] = []) -> Bool {
    guard create(name) == nil, let box = mailbox(name) else { return false }
    box.isSubscribed = isSubscribed
    box.roles = roles
    log.note("other: create \(name)")
    tell(.created(box.name))
    return true
  }

  /// As DELETE does it: with children, the name stays.
  @discardableResult
  package func deleteMailbox(_ name: String) -> Bool {
    guard delete(name, by: nil) == nil else { return false }
    log.note("other: delete \(name)")
    return true
  }

  /// With all that is below it.
  @discardableResult
  package func renameMailbox(_ name: String, to target: String) -> Bool {
    guard rename(name, to: target) == nil else { return false }
    log.note("other: rename \(name) to \(target)")
    return true
  }

  /// The names that a mailbox had under which sessions still have it open.
  package func formerNamesInUse(of name: String) -> Set<String> {
    guard let box = mailbox(name) else { return [] }
    let names = sessions.compactMap { $0.view?.mailbox === box ? $0.view?.name : nil }
    return Set(names).subtracting([box.name])
  }

  @discardableResult
  package func subscribe(_ name: String, _ isSubscribed: Bool = true) -> Bool {
    guard let box = mailbox(name) else { return false }
    box.isSubscribed = isSubscribed
    tell(.subscribed(box.name, isSubscribed))
    return true
  }

  // MARK: Disasters

  /// A new UIDVALIDITY, and new UIDs in the old order. Who has it selected is cut off.
  package func renumber(_ name: String = "INBOX") {
    guard let box = mailbox(name) else { return }
    box.renumber(newValidity())
    log.note("other: renumber \(box.name)")
    cutOff(box)
    tell(.messages(box))
  }

  /// Modification sequences begin anew under the same UIDVALIDITY, as after a backup was put back carelessly.
  package func forgetModSeqs(of name: String = "INBOX") {
    guard let box = mailbox(name) else { return }
    box.forgetHistory()
    log.note("other: forget the modification sequences of \(box.name)")
    cutOff(box)
  }

  /// Every connection ends: with BYE, or without a word. Mailboxes stay.
  package func restart(sayingBye: Bool) {
    log.note("server: restart")
    for session in sessions { session.end(saying: sayingBye ? "* BYE Server shutting down." : nil) }
  }

  /// One connection ends, as a server may do at any time; false where there is none.
  @discardableResult
  package func endOne(sayingBye: Bool) -> Bool {
    guard !sessions.isEmpty else { return false }
    sessions[dice.below(sessions.count)].end(saying: sayingBye ? "* BYE Disconnected for inactivity." : nil)
    return true
  }

  /// NOTIFY's queue has run over (RFC 5465 §5.8): what was to be told is lost, and nothing is notified any more.
  package func overflowNotify() {
    for session in sessions { session.overflow() }
  }

  /// Who has it selected loses the connection, without a word (Dovecot).
  func cutOff(_ box: SimulatedMailbox, but except: ServerSession? = nil) {
    for session in sessions where session !== except && session.view?.mailbox === box { session.end(saying: nil) }
  }
}
