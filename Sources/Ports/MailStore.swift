// Ports: what the engine and the stores want of the world, as protocols: mail, ledger, files, streams, clock. Whoever
// fulfils one lives elsewhere: on the real thing in Engine/IMAPStore, Maildir, LedgerSQLite, Disk, Transport and Reactor,
// in memory in Tests/Simulation. It may import Mail and Reconciliation. Read this file first, then Ledger and FileSystem.

package import Mail
package import Reconciliation

/// A tree of folders with messages: an IMAP server, or a Maildir. Both sides of an account are one of these, and the
/// engine knows no more of them than this page.
@Loop
package protocol MailStore: AnyObject, Sendable {
  /// For messages to people: `imap.example.org`, `~/Mail/personal`.
  var title: String { get }

  /// What tells this place from any other: the base is about it and no other. All Maildirs say the same, for each root
  /// is known by its marker.
  var place: String { get }

  /// True where reading a message costs no transfer: then identities are had for the asking.
  var isLocal: Bool { get }

  /// Connects and logs in, or finds the root by its marker. Again after a failure.
  func open() async throws(StoreError)

  /// What `setAge` last left in a local store: an older copy of it, put back from a backup, has an older one. Nil where
  /// there is none, and of servers, whose numbering tells.
  func age() async throws(StoreError) -> String?
  /// Durable when it returns. Where the store is in order but for this, the failure is no account's.
  func setAge(_ age: String) async throws(StoreError)

  /// Releases connections and watches. Nothing is expunged by it (law L10).
  func close() async

  /// A complete listing of folders, with what can be told cheaply of each; throws rather than list fewer.
  func folders() async throws(StoreError) -> [FolderEntry]
  func createFolder(_ folder: FolderName) async throws(StoreError)
  /// Removes an empty folder; `.refused` where it holds messages or other folders.
  func removeFolder(_ folder: FolderName) async throws(StoreError)

  func look(at folder: FolderName, _ scope: LookScope) async throws(StoreError) -> Look

  /// The identity and date of each message that is still there, by reading it.
  func identify(_ keys: [MessageKey], in folder: FolderName) async throws(StoreError) -> [MessageKey: Identified]

  /// Hands each message's content to `receive`, one after another, in the store's order. A message that cannot be read
  /// comes as a failure, and the others go on; one that is gone does not come.
  func read(
    _ keys: [MessageKey], in folder: FolderName,
    receive: @Loop (MessageKey, Result<any MessageContent, StoreError>) async throws(StoreError) -> Void
  ) async throws(StoreError)

  /// Makes messages durable that others put here: a base that knows of more than the disk would take what a power cut
  /// undid for deleted (laws L1, L4).
  func secure(_ keys: [MessageKey], in folder: FolderName) async throws(StoreError)
  /// The same for flags that others set, and for what they took away: what a power cut undid would be carried over as
  /// the flags' removal, and what it brought back be seen by nobody (law L2).
  func secureNames(in folder: FolderName) async throws(StoreError)

  /// Names under which `count` messages would be stored, for the intent; nil where the store itself chooses on arrival.
  func reserveKeys(_ count: Int, in folder: FolderName) -> [MessageKey]?

  /// Begins a batch of messages into `folder`.
  func delivery(into folder: FolderName) async throws(StoreError) -> any Delivery

  /// Copies within the store without transfer; the new keys of those that were copied. What the store refuses to copy, or
  /// is not there any more, has none.
  func copy(_ keys: [MessageKey], from source: FolderName, to target: FolderName) async throws(StoreError)
    -> [MessageKey: MessageKey]
  /// Moves within the store without transfer. A local message keeps its key, unless that is there already, or `taken`:
  /// another message's to the base.
  func move(
    _ keys: [MessageKey], from source: FolderName, to target: FolderName, taken: Set<MessageKey>
  ) async throws(StoreError) -> Moved
  /// False where a move is a copy and a deletion, and may end between the two.
  var movesAtOnce: Bool { get }

  /// Carries out flag changes, as far as the store takes them.
  func update(_ changes: [FlagChange], in folder: FolderName) async throws(StoreError) -> Marked

  /// For messages that somebody moved here from `origin`, a folder of this store, without telling it: marks whose meaning
  /// depends on the folder become the keywords of these flags, but for those that mean something only here. A message
  /// without such marks has none on purpose. Answers how each is marked then, and nothing where marks mean the same everywhere.
  func carryOver(
    _ keywords: [MessageKey: FlagSet], from origin: FolderName, in folder: FolderName
  ) async throws(StoreError) -> [MessageKey: FlagSet]

  /// Deletes exactly these messages (law L10). Answers which are gone afterwards, and what was kept of them; what the
  /// store refuses to delete stays, and fails nothing else.
  func delete(_ keys: [MessageKey], in folder: FolderName) async throws(StoreError) -> Deletion
  /// What is in deleted messages that were kept; those that cannot be read are left out.
  func identify(kept keys: [MessageKey]) async throws(StoreError) -> [MessageKey: MessageDigest]
  /// Takes deleted messages back from what the store kept, into `folder`; the new keys of those that were still kept.
  /// As with a move, none is one of `taken`.
  func restore(
    _ kept: [MessageKey], to folder: FolderName, taken: Set<MessageKey>
  ) async throws(StoreError) -> [MessageKey: MessageKey]
  /// Lets go of deleted messages for good. Answers why some could not be removed, which is one's own fault and no other's.
  func purge(_ kept: [MessageKey]) async throws(StoreError) -> [MessageKey: String]

  /// Arms the watch for `folders`, most important first; those that cannot be watched are told as polled. Armed before
  /// it returns: what changes later is told by `nextEvents()`. Called again, also while somebody waits for events, it
  /// changes the set; what is pending stays.
  func watch(_ folders: [FolderName]) async throws(StoreError) -> [FolderName: WatchKind]

  /// Folders that are polled because they cannot be watched, and why.
  var watchFailures: [FolderName: String] { get }
  /// Why folders that come and go are found by listing only; nil where they are watched.
  var treeWatchFailure: String? { get }

  /// Places that are no folders although they might be meant so, and why; as of the last `folders()`.
  var leftOut: [String: String] { get }

  /// The network changed, or the machine slept: finds out at once what is dead, instead of at its deadline.
  func checkConnections()

  /// Waits for something to happen. One waiter at a time. Throws when the watch is broken: reopen, watch, look wide.
  func nextEvents() async throws(StoreError) -> [StoreEvent]
}

extension MailStore {
  package func move(
    _ keys: [MessageKey], from source: FolderName, to target: FolderName
  ) async throws(StoreError) -> Moved {
    try await move(keys, from: source, to: target, taken: [])
  }

  /// An older server is known by its numbering.
  package func age() async throws(StoreError) -> String? { nil }
  package func setAge(_ age: String) async throws(StoreError) {}

  package var movesAtOnce: Bool { true }

  /// What a server shows is the server's to keep.
  package func secure(_ keys: [MessageKey], in folder: FolderName) async throws(StoreError) {}
  package func secureNames(in folder: FolderName) async throws(StoreError) {}

  /// How a server is watched is what it offers.
  package var watchFailures: [FolderName: String] { [:] }
  package var treeWatchFailure: String? { nil }

  package var leftOut: [String: String] { [:] }

  /// A store without connections has none to check.
  package func checkConnections() {}

  package func carryOver(
    _ keywords: [MessageKey: FlagSet], from origin: FolderName, in folder: FolderName
  ) async throws(StoreError) -> [MessageKey: FlagSet] { [:] }
}

package struct FolderEntry: Hashable, Sendable {
  package let name: FolderName
  /// False for a name that only holds other folders (\Noselect).
  package let holdsMessages: Bool
  /// What the listing told of its state: equal to the ledger's means that nothing changed.
  package let checkpoint: Checkpoint?
  /// SPECIAL-USE roles such as `\Sent` (RFC 6154).
  package let roles: Set<String>

  package init(
    name: FolderName, holdsMessages: Bool = true, checkpoint: Checkpoint? = nil, roles: Set<String> = []
  ) {
    self.name = name
    self.holdsMessages = holdsMessages
    self.checkpoint = checkpoint
    self.roles = roles
  }
}

/// What a look asks for.
package enum LookScope: Hashable, Sendable {
  /// Everything that changed since `since`, or everything there is.
  case wide(since: Checkpoint?)
  /// What the watch has told of since the last look; `.changes` coverage, or wider where that is not enough.
  case pending
  /// Just these messages.
  case messages(Set<MessageKey>)
  /// Everything there is, for whoever asks by the way: what the watch has told is still to be looked at, and the keys are
  /// good for nothing more where the folder was made anew (law L8).
  case glance
  /// The same of what changed since, or of everything where that cannot be told.
  case glanceSince(Checkpoint)

  package var isWide: Bool { if case .wide = self { true } else { false } }
}

package enum WatchKind: String, Hashable, Sendable { case notify = "NOTIFY", idle = "IDLE", poll, inotify }

package enum StoreEvent: Hashable, Sendable {
  /// Something changed in the folder: look `.pending`.
  case changed(FolderName)
  /// What was told is not enough: look `.wide`.
  case uncertain(FolderName)
  /// A folder came, went or was renamed: list the folders again.
  case foldersChanged
  /// Everything is uncertain (overflow): look wide everywhere.
  case everythingUncertain
}

/// What became of messages that were to be moved.
package struct Moved: Hashable, Sendable {
  /// The new keys of those that are in the new place.
  package var keys: [MessageKey: MessageKey]
  /// Those that could not be taken from the old place, where they still are; what also has a new key was copied.
  package var left: Set<MessageKey>
  /// The store's words, where it refused to move some that are still there.
  package var refusal: String?

  package init(_ keys: [MessageKey: MessageKey] = [:], left: Set<MessageKey> = [], refusal: String? = nil) {
    self.keys = keys
    self.left = left
    self.refusal = refusal
  }
}

/// What became of messages whose flags were to be changed.
package struct Marked: Hashable, Sendable {
  /// How each is marked afterwards, as the store shows it; a message that is gone is not there.
  package var shown: [MessageKey: FlagSet]
  /// Those of which the store refused a change that it can hold, and its words: that is still to be made.
  package var refused: [MessageKey: String]

  package init(_ shown: [MessageKey: FlagSet] = [:], refused: [MessageKey: String] = [:]) {
    self.shown = shown
    self.refused = refused
  }
}

/// What became of messages that were to be deleted.
package struct Deletion: Hashable, Sendable {
  /// Not in the folder any more, by our hand or another's.
  package var gone: Set<MessageKey>
  /// For some of them, the key under which `restore` can bring the message back for a while.
  package var kept: [MessageKey: MessageKey]
  /// The store's words, where it refused to delete some that are still there.
  package var refusal: String?

  package init(gone: Set<MessageKey> = [], kept: [MessageKey: MessageKey] = [:], refusal: String? = nil) {
    self.gone = gone
    self.kept = kept
    self.refusal = refusal
  }
}

/// A flag change on one side of one message.
package struct FlagChange: Hashable, Sendable {
  package let key: MessageKey
  package let adding: FlagSet
  package let removing: FlagSet

  package init(key: MessageKey, adding: FlagSet, removing: FlagSet) {
    self.key = key
    self.adding = adding
    self.removing = removing
  }
}

/// What reading a message told of it.
package struct Identified: Hashable, Sendable {
  package let identity: MessageIdentity
  package let date: InternalDate?

  package init(identity: MessageIdentity, date: InternalDate?) {
    self.identity = identity
    self.date = date
  }
}

/// A message's bytes in wire form (CRLF), read once, in pieces; never whole in memory.
@Loop
package protocol MessageContent: AnyObject, Sendable {
  /// Exactly as many octets as will come.
  var wireSize: Int { get }
  /// INTERNALDATE, or the file's modification time; nil where the store did not tell.
  var date: InternalDate? { get }
  /// Nil at the end. Throws where the source fails or changes under the reader; then the delivery is abandoned.
  func next() async throws(StoreError) -> [UInt8]?
}

/// A message on its way in.
package struct Letter: Hashable, Sendable {
  /// The caller's number for it within the delivery.
  package let ticket: Int
  package let flags: FlagSet
  package let date: InternalDate?
  /// The reserved name, where the store gives out names.
  package let key: MessageKey?

  package init(ticket: Int, flags: FlagSet, date: InternalDate?, key: MessageKey?) {
    self.ticket = ticket
    self.flags = flags
    self.date = date
    self.key = key
  }
}

/// A batch of messages on their way into one folder. Several commands may be in flight; durable after `commit`.
@Loop
package protocol Delivery: AnyObject, Sendable {
  /// Takes the content; returns when the source has been read, not when it is stored.
  func add(_ letter: Letter, _ content: any MessageContent) async throws(StoreError)

  /// The barrier: each added letter is durably stored or failed when it returns. A letter in doubt (answer lost) throws
  /// at account scope, and the intent decides later.
  func commit() async throws(StoreError) -> [Int: Result<Delivered, StoreError>]

  /// Gives up what is not yet stored; leaves no torn message behind.
  func abandon() async
}

/// A message as stored by a delivery.
package struct Delivered: Hashable, Sendable {
  package let key: MessageKey
  /// As the store shows them now.
  package let flags: FlagSet
  package let identity: MessageIdentity

  package init(key: MessageKey, flags: FlagSet, identity: MessageIdentity) {
    self.key = key
    self.flags = flags
    self.identity = identity
  }
}
