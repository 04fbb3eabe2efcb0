package import Mail
package import Ports
import Reconciliation

extension SimulatedStore {
  /// All that a person sees, without numbers or names.
  package func contents(of folder: FolderName = .inbox) -> [SimulatedMessage] {
    (folders[folder]?.messages.values.map { $0 } ?? []).sorted {
      ($0.text, $0.flags.description) < ($1.text, $1.flags.description)
    }
  }

  package func key(of text: String, in folder: FolderName = .inbox) -> MessageKey? {
    folders[folder]?.messages.filter { $0.value.text == text }.keys.min()
  }

  /// Somebody else expunges all there is.
  package func empty(_ folder: FolderName) {
    for key in (folders[folder]?.messages.keys).map(Array.init) ?? [] { remove(key, in: folder) }
  }
}

// MARK: - Its age

extension SimulatedStore {
  package func age() async throws(StoreError) -> String? {
    try faults.step("\(title) age")
    return storeAge
  }

  package func setAge(_ age: String) async throws(StoreError) {
    if let words = refuses.age { throw StoreError(.folder, .noSpace, words) }
    try faults.effect("\(title) set age \(age)") { storeAge = age }
  }
}

// MARK: - What a look shows

extension SimulatedStore {
  func look(at folder: FolderName, _ state: Folder, since: Checkpoint?) -> Look {
    if kind == .server, hasModSeq, case .imap(let then)? = since, case .imap(let now)? = checkpoint(folder),
      now.numbersOn(from: then), then.highestModSeq > .none, now.highestModSeq >= then.highestModSeq
    {
      var delta = look(at: Set(state.changed.filter { $0.value > then.highestModSeq.rawValue }.keys), state)
      delta.checkpoint = checkpoint(folder)
      return delta
    }
    if kind == .maildir, let since, let now = checkpoint(folder), now.provesNothingChanged(since: since) {
      return Look(coverage: .changes, checkpoint: now)
    }
    let shown = state.messages.filter { !restless.contains($0.value.text) }.mapValues {
      knownTexts.contains($0.text) ? Observation(flags: $0.flags) : observation($0)
    }
    if shown.count < state.messages.count {
      var look = Look(coverage: .changes, present: shown)
      look.isPartial = true
      return look
    }
    var look = Look(coverage: .complete, present: shown, checkpoint: checkpoint(folder))
    if kind == .maildir { look.isOnOwnFileSystem = state.isOnOwnFileSystem }
    if kind == .server, tellsUIDNext { look.toldUIDNext = UID(integerLiteral: state.nextNumber) }
    return look
  }

  func look(at keys: Set<MessageKey>, _ state: Folder) -> Look {
    var look = Look(coverage: .changes)
    for key in keys {
      if let message = state.messages[key] {
        look.present[key] = observation(message)
        if kind == .maildir, unreadable.contains(message.text) {
          look.present[key] = nil
          look.unreadable[key] = "it cannot be read"
        }
      } else {
        look.gone.insert(key)
      }
    }
    return look
  }

  func observation(_ message: SimulatedMessage) -> Observation {
    guard kind == .server else { return Observation(flags: message.flags) }
    return Observation(
      flags: message.flags,
      traits: MessageTraits(
        wireSize: message.identity.wireSize, date: message.date, messageID: message.identity.messageID))
  }

  func checkpoint(_ folder: FolderName) -> Checkpoint? {
    guard let state = folders[folder] else { return nil }
    guard kind == .server else {
      return .maildir(
        MaildirCheckpoint(
          curModified: Int64(state.modSeq), newModified: 0, curInode: state.inode, newInode: state.inode + 1,
          isSettled: true))
    }
    return .imap(
      MailboxCheckpoint(
        uidValidity: state.validity,
        uidNext: tellsUIDNext
          ? UID(integerLiteral: state.nextNumber) : state.messages.keys.compactMap(\.uid).max()?.next,
        highestModSeq: hasModSeq ? ModSequence(rawValue: state.modSeq) : .none, messageCount: state.messages.count))
  }

  /// A new UIDVALIDITY: the same messages under other numbers.
  package func renumber(_ folder: FolderName) {
    guard let old = folders[folder] else { return }
    var new = Folder()
    new.validity = UIDValidity(rawValue: old.validity.rawValue + 1)
    new.nextNumber = 101
    new.modSeq = 1
    folders[folder] = new
    for (_, message) in old.messages.sorted(by: { $0.key < $1.key }) { _ = insert(message, in: folder) }
  }
}
