package import Mail

/// What a look at one folder of one store found. Only looking decides what is true; events only say where to look.
package struct Look: Equatable, Sendable {
  /// How far the look's silence can be believed: evidence has a type.
  package enum Coverage: Hashable, Sendable {
    /// A complete, counted listing: what it does not show is absent.
    case complete
    /// Changes only: what it does not mention is as the base has it.
    case changes
  }

  package var coverage: Coverage
  /// Every message that the look showed, as it is now.
  package var present: [MessageKey: Observation]
  /// Messages positively seen to be gone: EXPUNGE, VANISHED, or a file looked for and not there.
  package var gone: Set<MessageKey>
  /// What the next wide look may start from, once everything this look showed is in the base.
  package var checkpoint: Checkpoint?
  /// What the server itself said that the next new message will have at least.
  package var toldUIDNext: UID?
  /// True where a look at everything was disturbed each time it was tried: what it does not show may well be there.
  package var isPartial = false
  /// A part of the folder that is not there, by its name, as a Maildir's `cur`: what was in it is not shown, and not gone.
  package var missingPart: String?
  /// Of a complete listing of a local folder: true where it lies on another file system than its store's root.
  package var isOnOwnFileSystem: Bool?
  /// Messages that are there but cannot be synced, with the reason; neither present nor gone.
  package var unreadable: [MessageKey: String]

  package init(
    coverage: Coverage, present: [MessageKey: Observation] = [:], gone: Set<MessageKey> = [],
    checkpoint: Checkpoint? = nil, unreadable: [MessageKey: String] = [:]
  ) {
    self.coverage = coverage
    self.present = present
    self.gone = gone
    self.checkpoint = checkpoint
    self.unreadable = unreadable
  }

  /// What tells whether the base's numbers are still those of the messages: the checkpoint, with an UIDNEXT only where
  /// the server has told it. Where it has not, the checkpoint's is a guess from what is there, and falls with what goes.
  package var numbering: Checkpoint? {
    guard case .imap(var mailbox)? = checkpoint else { return checkpoint }
    mailbox.uidNext = toldUIDNext
    return .imap(mailbox)
  }

  /// Nothing looked at, nothing concluded.
  package static let nothing = Look(coverage: .changes)

  package var isEmpty: Bool { coverage == .changes && present.isEmpty && gone.isEmpty && unreadable.isEmpty }
}

/// One message as a look showed it.
package struct Observation: Hashable, Sendable {
  package var flags: FlagSet
  /// Nil where the look did not ask: a known message whose flags changed.
  package var traits: MessageTraits?
  /// True where the message bears marks that mean nothing now, as when a Maildir's table of keywords was lost: a keyword
  /// that is not shown is then no keyword removed (law L6).
  package var hidesKeywords: Bool

  package init(flags: FlagSet, traits: MessageTraits? = nil, hidesKeywords: Bool = false) {
    self.flags = flags
    self.traits = traits
    self.hidesKeywords = hidesKeywords
  }
}

/// What can be told of a message without its body; finds candidates for being the same message.
package struct MessageTraits: Hashable, Sendable {
  /// Octets in wire form, as far as the store can tell; a hint on servers that re-render.
  package var wireSize: Int?
  package var date: InternalDate?
  /// As in `MessageIdentity`.
  package var messageID: String?
  /// Where the same store held this message a moment ago, when it told (an inotify cookie).
  package var movedFrom: MovedFrom?

  package init(
    wireSize: Int? = nil, date: InternalDate? = nil, messageID: String? = nil, movedFrom: MovedFrom? = nil
  ) {
    self.wireSize = wireSize
    self.date = date
    self.messageID = messageID
    self.movedFrom = movedFrom
  }
}

/// The place that a message was renamed from.
package struct MovedFrom: Hashable, Sendable {
  package let folder: FolderName
  package let key: MessageKey

  package init(folder: FolderName, key: MessageKey) {
    self.folder = folder
    self.key = key
  }
}
