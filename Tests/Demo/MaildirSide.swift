import Foundation
import Mail
import Support
import Synchronization

/// The Maildir as other programs see it.
struct MaildirSide: Sendable {
  typealias Entry = MaildirTree.Entry

  let root: String
  private let watch: MaildirWatch
  private let daemon: Daemon

  init(root: String, daemon: Daemon) throws {
    self.root = root
    self.daemon = daemon
    watch = try MaildirWatch(root)
  }

  func folder(_ name: FolderName) -> MaildirFolder { MaildirFolder(name, below: root) }

  func tree() async throws -> MaildirTree { try await watch.tree() }

  /// The unique names in a folder.
  func names(in folder: FolderName) async throws -> Set<String> { Set(try await tree()[folder].map(\.unique)) }

  /// The file of a message.
  func entry(with messageID: String, in folder: FolderName) async throws -> Entry {
    for entry in try await tree()[folder] where try Self.messageID(of: entry) == messageID { return entry }
    throw DemoFailure("no file in \(folder) has the Message-ID \(messageID)")
  }

  // MARK: Waiting

  /// A file as it was when it was first seen.
  struct Arrival: Sendable {
    let entry: Entry
    let bytes: [UInt8]
    let date: InternalDate
  }

  /// Waits for letters to come to a folder whose files were `before`, and reads each the moment it is seen.
  func arrivals(
    of messageIDs: Set<String>, in folder: FolderName, before: Set<String>, within limit: Duration = Step.limit
  ) async throws -> (arrivals: [String: Arrival], instant: ContinuousClock.Instant) {
    let looked = Mutex(before)
    let arrivals = Mutex<[String: Arrival]>([:])
    let instant = try await wait("\(messageIDs.count) message(s) in \(folder) in the Maildir", within: limit) { tree in
      for entry in tree[folder] where !looked.withLock({ $0.contains(entry.unique) }) {
        guard let arrival = try Self.look(at: entry) else { continue }
        looked.withLock { _ = $0.insert(entry.unique) }
        if let messageID = Letter.messageID(in: arrival.bytes.prefix(Letter.headMax)) {
          arrivals.withLock { $0[messageID] = arrival }
        }
      }
      return arrivals.withLock { messageIDs.isSubset(of: $0.keys) }
    }
    return (arrivals.withLock { $0 }, instant)
  }

  /// Waits for a file of this unique name.
  func entry(
    named unique: String, in folder: FolderName, _ what: String, within limit: Duration = Step.limit,
    _ isReached: @Sendable (Entry) -> Bool = { _ in true }
  ) async throws -> ContinuousClock.Instant {
    try await wait("\(what) in \(folder) in the Maildir", within: limit) { tree in
      tree[folder].contains { $0.unique == unique && isReached($0) }
    }
  }

  func absence(of unique: String, in folder: FolderName) async throws -> ContinuousClock.Instant {
    try await wait("\(unique) to be gone from \(folder) in the Maildir", within: Step.limit) { tree in
      !tree[folder].contains { $0.unique == unique }
    }
  }

  func folder(_ folder: FolderName, exists: Bool) async throws -> ContinuousClock.Instant {
    try await wait("the folder \(folder) to \(exists ? "be" : "be gone") in the Maildir", within: Step.limit) { tree in
      (tree.folders[folder] != nil) == exists
    }
  }

  func wait(
    _ what: String, within limit: Duration, _ isReached: @Sendable (MaildirTree) throws -> Bool
  ) async throws -> ContinuousClock.Instant {
    do {
      return try await watch.wait(within: limit) { tree in
        try Task.checkCancellation()
        if try isReached(tree) { return true }
        try daemon.requireRunning()
        return false
      }.instant
    } catch is SupportError {
      // Support's own text lists the whole tree.
      throw DemoFailure("waited \(limit) in vain for \(what).")
    }
  }

  /// Nil where the file has another name by now.
  private static func look(at entry: Entry) throws -> Arrival? {
    do {
      return Arrival(entry: entry, bytes: try entry.bytes(), date: try entry.date())
    } catch {
      if FileManager.default.fileExists(atPath: entry.path) { throw error }
      return nil
    }
  }

  /// The file's number on its file system: the same after a rename, another after a transfer.
  static func fileNumber(of path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
  }

  private static func messageID(of entry: Entry) throws -> String? {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: entry.path))
    defer { file.closeFile() }
    return Letter.messageID(in: try file.read(upToCount: Letter.headMax) ?? Data())
  }
}
