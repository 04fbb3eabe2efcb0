import Foundation
import Glibc
import Mail

/// Waits for a Maildir to become as wished: looks again whenever inotify tells of a change.
package actor MaildirWatch {
  package nonisolated let root: String
  package nonisolated let layout: MaildirTree.Layout
  private let thread: DedicatedThread
  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }
  private nonisolated let descriptor: Int32

  /// A look without an event, in case that a folder came and was filled before it was watched.
  private static let lookInterval = Duration.milliseconds(100)

  package init(_ root: String, layout: MaildirTree.Layout = .nested) throws {
    self.root = root
    self.layout = layout
    thread = DedicatedThread(name: "maildir watch")
    descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    guard descriptor >= 0 else { throw SupportError.system("inotify", code: errno) }
  }

  deinit { close(descriptor) }

  package func tree() throws -> MaildirTree { try MaildirTree(reading: root, layout: layout) }

  /// The first tree that `isReached`, and the moment when it was seen.
  @discardableResult
  package func wait(
    within limit: Duration = .seconds(20), _ isReached: @Sendable (MaildirTree) throws -> Bool
  ) throws -> (tree: MaildirTree, instant: ContinuousClock.Instant) {
    let deadline = Deadline(in: limit)
    while true {
      // Watched before looked at, so that nothing falls between.
      watchFolders()
      let tree = try tree()
      do {
        if try isReached(tree) { return (tree, ContinuousClock.now) }
      } catch is MaildirTree.Gone {
        // A message went while it was looked at; the next look sees that.
      }
      guard !deadline.hasPassed else {
        throw SupportError("\(root): waited \(limit) in vain; last seen: \(Self.summary(of: tree))")
      }
      waitForEvents(until: Deadline(in: min(Self.lookInterval, deadline.left)))
    }
  }

  /// Waits until the Maildir and the user's mail on the server are the same in all that counts.
  package func waitUntilEqual(
    to client: MailClient, ignoring: Comparison.Aspects = [], within limit: Duration = .seconds(30)
  ) async throws {
    let deadline = Deadline(in: limit)
    while true {
      watchFolders()
      let seen: String
      do {
        let comparison = try await Comparison(client, root, layout: layout, ignoring: ignoring)
        if comparison.isEqual { return }
        seen = "\(comparison)"
      } catch let gone as MaildirTree.Gone {
        seen = "\(gone)"
      }
      guard !deadline.hasPassed else { throw SupportError("still different after \(limit):\n\(seen)") }
      waitForEvents(until: Deadline(in: min(Self.lookInterval, deadline.left)))
    }
  }

  private func watchFolders() {
    let mask = UInt32(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | IN_ONLYDIR)
    // A folder that goes meanwhile needs no watch, so a refusal is not looked at.
    _ = unsafe inotify_add_watch(descriptor, root, mask)
    guard let names = FileManager.default.enumerator(atPath: root) else { return }
    for case let name as String in names {
      if names.fileAttributes?[.type] as? FileAttributeType == .typeDirectory {
        if name.hasSuffix("/cur") || name.hasSuffix("/new") { names.skipDescendants() }
        _ = unsafe inotify_add_watch(descriptor, root + "/" + name, mask)
      }
    }
  }

  private nonisolated func waitForEvents(until deadline: Deadline) {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    _ = unsafe poll(&entry, 1, deadline.pollTimeout)
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while unsafe read(descriptor, &buffer, buffer.count) > 0 {}
  }

  private static func summary(of tree: MaildirTree) -> String {
    tree.folders.sorted { $0.key < $1.key }.map { folder, entries in
      let names = entries.prefix(10).map { "\($0.unique):2,\($0.letters)" }.joined(separator: ", ")
      return "\(folder): \(entries.count) (\(names)\(entries.count > 10 ? ", …" : ""))"
    }.joined(separator: "; ")
  }
}
