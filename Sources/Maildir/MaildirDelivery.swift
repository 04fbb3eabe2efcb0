import Digests
import Mail
import Ports

/// Messages on their way into one folder: written to `tmp`, synced together, renamed, the directories synced.
///
/// A message is never seen torn in `new` or `cur`: it gets there by a rename after its bytes are durable.
@Loop
final class MaildirDelivery: Delivery {
  private struct Draft {
    let ticket: Int
    let unique: String
    let flags: FlagSet
    let identity: MessageIdentity
  }

  private let folder: MaildirFolder
  private let root: MaildirRoot
  private var drafts: [Draft] = []

  init(into folder: MaildirFolder) {
    self.folder = folder
    root = folder.root
  }

  /// A delivery that was let go of gives up what it had.
  isolated deinit {
    for draft in drafts { discard(draft.unique) }
  }

  func add(_ letter: Letter, _ content: any MessageContent) async throws(StoreError) {
    let unique = letter.key?.fileName ?? root.nextName()
    guard Self.isUsable(unique) else {
      throw StoreError(.message, .refused, "\(printable(unique)): no name for a message's file")
    }
    guard root.inFlight.insert(unique).inserted else {
      throw StoreError(.message, .refused, "\(printable(unique)): a message of this name is being delivered")
    }
    let path = folder.drafts.appending(path: unique)
    let writer: any FileWriter
    do {
      writer = try create(path)
    } catch {
      root.inFlight.remove(unique)
      throw root.failure(error, in: folder.name)
    }
    do {
      let identity = try await write(content, to: writer, date: letter.date)
      drafts.append(Draft(ticket: letter.ticket, unique: unique, flags: letter.flags, identity: identity))
    } catch {
      writer.abandon()
      discard(unique)
      throw error
    }
  }

  func commit() async throws(StoreError) -> [Int: Result<Delivered, StoreError>] {
    let batch = drafts
    drafts = []
    defer { for draft in batch { root.inFlight.remove(draft.unique) } }
    guard !batch.isEmpty else { return [:] }
    let taken: Set<String>
    do {
      taken = try await namesTaken(batch.map(\.unique))
      try await folder.holdKeywords(of: batch.map(\.flags))
      try await root.fileSystem.makeDurable(
        files: batch.map { folder.drafts.appending(path: $0.unique) }, directories: [])
    } catch {
      // Nothing was stored, and nothing torn is left.
      for draft in batch { discard(draft.unique) }
      throw root.failure(error, in: folder.name)
    }
    var result: [Int: Result<Delivered, StoreError>] = [:]
    for draft in batch {
      do {
        result[draft.ticket] = .success(try publish(draft, isTaken: taken.contains(draft.unique)))
      } catch {
        discard(draft.unique)
        let scope: StoreError.Scope = error.kind == .exists || error.kind == .nameTooLong ? .message : .folder
        let text = "\(printable(folder.name.description)): \(error.text)"
        result[draft.ticket] = .failure(StoreError(scope, error.kind.storeKind, text))
      }
    }
    do {
      try await folder.makeDurable()
    } catch {
      // The names are there, and may be gone after a power cut: the next look decides, with the reserved names.
      throw StoreError(.account, error.kind.storeKind, "\(root.title): \(error.text); looking at the folder again")
    }
    return result
  }

  func abandon() async {
    for draft in drafts { discard(draft.unique) }
    drafts = []
  }

  private func create(_ path: String) throws(FileError) -> any FileWriter {
    do {
      return try root.fileSystem.create(path)
    } catch {
      switch error.kind {
      // A reserved name: the delivery that had it died, and this one is its second try.
      case .exists: try root.fileSystem.unlink(path)
      // Some readers leave `tmp` out.
      case .notFound:
        _ = try folder.stamp()
        try root.fileSystem.makeDirectory(folder.drafts)
      default: throw error
      }
      return try root.fileSystem.create(path)
    }
  }

  private func write(_ content: any MessageContent, to writer: any FileWriter, date: InternalDate?)
    async throws(StoreError) -> MessageIdentity
  {
    let digester = MessageDigester(of: .wire)
    var lineEnds = LineEnds.ToFile()
    while let bytes = try await content.next() {
      digester.update(bytes)
      try store(lineEnds.convert(bytes), writer)
    }
    try store(lineEnds.finish(), writer)
    let identity = digester.finish()
    guard identity.wireSize == content.wireSize else {
      throw StoreError(
        .message, .unavailable, "a message of \(content.wireSize) octets ended after \(identity.wireSize)")
    }
    do {
      try writer.finish(modified: date)
    } catch {
      throw root.failure(error, in: folder.name)
    }
    return identity
  }

  private func store(_ bytes: [UInt8], _ writer: any FileWriter) throws(StoreError) {
    guard !bytes.isEmpty else { return }
    do {
      try writer.write(bytes)
    } catch {
      throw root.failure(error, in: folder.name)
    }
  }

  /// A name from an earlier life may be there already, under other letters. Those made by this process cannot.
  private func namesTaken(_ uniques: [String]) async throws(FileError) -> Set<String> {
    if uniques.allSatisfy(root.isFresh) { return [] }
    let listing = try await folder.list()
    try folder.demandComplete(listing)
    return Set(uniques.filter { listing.places[$0] != nil })
  }

  private func publish(_ draft: Draft, isTaken: Bool) throws(FileError) -> Delivered {
    guard !isTaken else {
      throw FileError(
        .exists, path: draft.unique, "\(printable(draft.unique)): there is a message of this name already")
    }
    let letters = MaildirFlags.letters(for: draft.flags, folder.table)
    let place = folder.place(of: draft.unique, letters, was: .new)
    let draftPath = folder.drafts.appending(path: draft.unique)
    try root.fileSystem.rename(draftPath, to: folder.path(place, of: draft.unique), isMail: false)
    folder.record(draft.unique, at: place)
    return Delivered(
      key: .file(draft.unique), flags: MaildirFlags.flags(of: letters, folder.table), identity: draft.identity)
  }

  private func discard(_ unique: String) {
    root.discard(folder.drafts.appending(path: unique))
    root.inFlight.remove(unique)
  }

  /// Names come from the ledger, and so from us; one that could be anything else is not used (law L12).
  private static func isUsable(_ unique: String) -> Bool {
    (1...MaildirLayout.nameLengthMax).contains(unique.utf8.count) && unique.utf8.first != UInt8(ascii: ".")
      && !unique.utf8.contains { $0 == UInt8(ascii: "/") || $0 < 0x20 } && MaildirFileName(unique).info == nil
  }
}
