import IMAP
import Mail
import Ports
import Reconciliation

/// A complete listing of a server's folders, with the state of each where it can be had in the same round trip, or the
/// next.
@Loop
final class MailboxListing {
  struct Line: Equatable, Sendable {
    let folder: FolderName
    let mailbox: MailboxName
    fileprivate(set) var holdsMessages: Bool
    let roles: Set<String>
    var status: StatusResponse?
  }

  /// A server with more folders than this is not believed (law L12).
  static let countMax = 100_000
  /// Octets of their names, former names and states' names that are kept.
  static let octetsMax = 64 << 20
  /// STATUS commands unanswered at a time: what comes is shown to each of them.
  nonisolated static let inFlightMax = 200

  private let features: ServerFeatures
  private let limit: Int
  private var octets = 0
  private var listed: CommandAnswer?
  private var answered: [ListResponse] = []
  private var lines: [FolderName: Line] = [:]
  /// Mailboxes in the personal namespace that no folder can be called after, with the reason (law L11).
  private(set) var leftOut: [String: String] = [:]
  /// Listed as if they held messages; their STATUS says that they are not there.
  private var phantomMailboxes: Set<MailboxName> = []
  private var statuses: [MailboxName: StatusResponse] = [:]
  private var isUnreadable = false
  /// Mailboxes whose state is to be asked for, and is being asked for.
  private var unasked: ArraySlice<MailboxName> = []
  private var asked: [(mailbox: MailboxName, answer: CommandAnswer)] = []

  init(_ features: ServerFeatures, octetsMax: Int = MailboxListing.octetsMax) {
    self.features = features
    limit = octetsMax
  }

  var found: [Line] { lines.values.sorted { $0.folder < $1.folder } }

  var phantoms: Set<FolderName> { Set(lines.values.filter { phantomMailboxes.contains($0.mailbox) }.map(\.folder)) }

  var entries: [FolderEntry] {
    found.map { line in
      FolderEntry(
        name: line.folder, holdsMessages: line.holdsMessages,
        checkpoint: line.status?.checkpoint.map { .imap($0) }, roles: line.roles)
    }
  }

  /// Asks for the names before they can be read: what names the server has is asked for in the same write. `run` goes
  /// on from there.
  func ask(on connection: IMAPConnection) -> CommandAnswer {
    let options = ListOptions(
      specialUse: features.listsRoles, status: features.listsStatus ? features.statusItems : [])
    guard let everything = MailboxName("*") else { preconditionFailure("a pattern is a name") }
    let listed = connection.send(.list(reference: .empty, pattern: everything, returning: options)) { [self] in
      take($0)
    }
    self.listed = listed
    return listed
  }

  /// Where the state does not come with the names it is asked for afterwards, of all folders; or, with `wanted`, of these
  /// only, in the same write as the names.
  func run(
    on connection: IMAPConnection, _ store: IMAPStore, statusOf wanted: Set<FolderName>? = nil
  ) async throws(StoreError) {
    let stale = try await staleMailbox(on: connection, store, unless: wanted)
    let listed = self.listed ?? ask(on: connection)
    if let wanted, !features.listsStatus {
      for folder in wanted.sorted() { unasked.append(try store.mailboxName(of: folder)) }
      sendStatuses(on: connection)
    }
    let answer = try await listed.completion()
    guard answer.isOK else { throw store.refusal(answer, "listing folders", .account) }
    if isUnreadable {
      throw StoreError(.account, .unavailable, "\(store.title): the list of folders could not be read")
    }
    guard answered.count < Self.countMax else {
      throw StoreError(.account, .refused, "\(store.title): more than \(Self.countMax) folders")
    }
    guard octets <= limit else {
      throw StoreError(.account, .refused, "\(store.title): the names of its folders take more than can be kept")
    }
    read(by: store.features?.naming ?? features.naming)
    if wanted == nil, !features.listsStatus { unasked = found.filter(\.holdsMessages).map(\.mailbox)[...] }
    try await finishStatuses(on: connection)
    if let stale { statuses[stale.isInbox ? .inbox : stale] = nil }
    for (folder, line) in lines {
      if phantomMailboxes.contains(line.mailbox) { lines[folder]?.holdsMessages = false }
      lines[folder]?.status = statuses[folder.isInbox ? .inbox : line.mailbox]
    }
  }

  /// The selected mailbox, where nothing that is told of its state may be believed; nil where there is no such.
  ///
  /// RFC 9051 §6.3.11 warns of STATUS there: Dovecot (2.3.19, seen 2026-11) answers by what this session was shown last.
  /// NOOP shows it the rest, once it is answered: in one write with LIST, Dovecot does LIST first. Where the state is not
  /// wanted, as of a folder that this connection watches, there is no need for that.
  private func staleMailbox(
    on connection: IMAPConnection, _ store: IMAPStore, unless wanted: Set<FolderName>?
  ) async throws(StoreError) -> MailboxName? {
    guard listed == nil, let selected = connection.mailbox?.name else { return nil }
    if let wanted, store.folder(named: selected).map(wanted.contains) != true { return selected }
    _ = try await connection.run(.noop)
    return nil
  }

  private func sendStatuses(on connection: IMAPConnection) {
    while asked.count < Self.inFlightMax, let mailbox = unasked.popFirst() {
      let answer = connection.send(.status(mailbox, features.statusItems)) { [self] untagged in
        guard case .status(let mailbox, let status) = untagged else { return false }
        keep(status, of: mailbox)
        return true
      }
      asked.append((mailbox, answer))
    }
  }

  /// A refused one only leaves its folder's state unknown.
  private func finishStatuses(on connection: IMAPConnection) async throws(StoreError) {
    repeat {
      // Many in one write.
      if asked.count <= Self.inFlightMax / 2 { sendStatuses(on: connection) }
      guard let (mailbox, answer) = asked.first else { return }
      asked.removeFirst()
      let completion = try await answer.completion()
      if Quirks.saysPhantomName(completion.text) { phantomMailboxes.insert(mailbox) }
    } while true
  }

  private func take(_ untagged: Untagged) -> Bool {
    switch untagged {
    case .list(let line):
      octets += line.name.bytes.count + (line.oldName?.bytes.count ?? 0)
      if answered.count < Self.countMax, octets <= limit { answered.append(line) }
    case .status(let mailbox, let status): keep(status, of: mailbox)
    case .no(let text) where Quirks.saysPhantomName(text.text):
      // Instead of the STATUS of the name before it.
      guard features.listsStatus, let last = answered.last(where: \.isThere) else { return false }
      phantomMailboxes.insert(last.name)
    case .unreadable(let name, _):
      if name == "LIST" { isUnreadable = true }
      return false
    default: return false
    }
    return true
  }

  private func keep(_ status: StatusResponse, of mailbox: MailboxName) {
    let mailbox = mailbox.isInbox ? .inbox : mailbox
    if statuses[mailbox] == nil { octets += mailbox.bytes.count }
    if statuses.count < Self.countMax, octets <= limit { statuses[mailbox] = status }
  }

  private static let unnameable =
    "its name has more than \(FolderName.lengthMax) bytes, or more than \(FolderName.depthMax) parts"

  private func read(by naming: MailboxNaming) {
    for line in answered where line.isThere {
      guard let folder = naming.folderName(for: line.name) else {
        if naming.isPersonal(line.name), line.attributes.holdsMessages { leftOut["\(line.name)"] = Self.unnameable }
        continue
      }
      lines[folder] = Line(
        folder: folder, mailbox: line.name, holdsMessages: line.attributes.holdsMessages, roles: line.roles)
    }
  }
}

extension ListResponse {
  /// RFC 5258 §3.4: a name may stand for what is below it only.
  fileprivate var isThere: Bool { !attributes.contains(.nonExistent) || attributes.contains(.hasChildren) }
}
