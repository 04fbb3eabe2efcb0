import Mail
import Ports
import Reconciliation

/// What all folders of one Maildir share: the tree, the clock, names, and how failures are told.
@Loop
final class MaildirRoot {
  /// martlet's own directory under the root.
  nonisolated static let ownDirectory = ".martlet"

  let title: String
  let layout: MaildirLayout
  let fileSystem: any FileSystem
  let clock: any LoopClock
  /// Then nothing is made and nothing removed by itself.
  let isLookedAtOnly: Bool
  /// Names in some `tmp` that this process is writing under.
  var inFlight: Set<String> = []
  /// Called where a keyword comes that this folder has no letter for.
  var whenLettersAreUsedUp: @Loop (FolderName) -> Void = { _ in }
  private var names: UniqueNames
  private var lock: (any FileLock)?

  init(
    title: String, layout: MaildirLayout, fileSystem: any FileSystem, clock: any LoopClock, names: UniqueNames,
    isLookedAtOnly: Bool = false
  ) {
    self.title = title
    self.layout = layout
    self.fileSystem = fileSystem
    self.clock = clock
    self.names = names
    self.isLookedAtOnly = isLookedAtOnly
  }

  /// Before the marker is made: of two that make one, the second finds the first one's. Held until `releaseLock()`.
  func takeLock(mayMakeRoot: Bool) throws(StoreError) {
    releaseLock()
    lock = try RootLock.take(mayMakeRoot: mayMakeRoot, in: self)
  }

  func releaseLock() {
    lock?.release()
    lock = nil
  }

  func nextName() -> String { names.next(at: clock.wallTime) }

  /// True for a name that this process made, under which nothing can be but what it put there.
  func isFresh(_ name: String) -> Bool { names.isFresh(name) }

  /// True for a file in `tmp` that a martlet on this host left behind.
  func isLeftover(_ name: String) -> Bool { names.isOwn(name) && !inFlight.contains(name) }

  /// Removes a draft of ours, after a failure that is told already: what stays is swept with other leftovers.
  func discard(_ path: String) {
    do {
      try fileSystem.unlink(path)
    } catch {
      // A second failure of the same disk, which changes nothing of the first.
      return
    }
  }

  /// Returns early where the task is cancelled: then whoever waits next notices.
  func pause(nanoseconds: Int64) async {
    do {
      try await clock.sleep(until: clock.now.advanced(by: .nanoseconds(nanoseconds)), tolerance: nil)
    } catch {
      return
    }
  }

  func directory(of folder: FolderName) throws(StoreError) -> String {
    do {
      return try layout.directory(of: folder)
    } catch {
      throw StoreError(.folder, .refused, "\(printable(folder.description)): \(error.reason)")
    }
  }

  /// Throws where what others put where people look for their mail is not in the directory that is held open (law L8).
  func requireInPlace() throws(FileError) {
    guard !fileSystem.isRootInPlace else { return }
    throw FileError(.failed, path: "", "another directory is in its place by now, or none")
  }

  /// Also for who learns of a hidden tree that something is not there, or that this is all there is.
  func requireInPlace(for look: Look) throws(FileError) {
    if look.coverage == .complete || !look.gone.isEmpty { try requireInPlace() }
  }

  /// A failure in one folder. Where the root itself is not there any more, nothing is said of the folder (law L8).
  func failure(_ error: FileError, in folder: FolderName) -> StoreError {
    // Says nothing of the folder.
    if error.kind == .cancelled { return StoreError(.account, .cancelled, error.text) }
    if let missing = rootFailure(error) { return missing }
    return StoreError(.folder, error.kind.storeKind, "\(title): \(printable(folder.description)): \(error.text)")
  }

  func failure(_ error: FileError, _ scope: StoreError.Scope = .account) -> StoreError {
    if let missing = rootFailure(error) { return missing }
    return StoreError(scope, error.kind.storeKind, "\(title): \(error.text)")
  }

  /// Empty where there is no such directory.
  func listIfThere(_ directory: String) async throws(FileError) -> [DirectoryEntry] {
    do {
      return try await fileSystem.list(directory)
    } catch {
      guard error.kind == .notFound else { throw error }
      return []
    }
  }

  /// Of `new` and `cur`, those that the directory does not have.
  func missingParts(of directory: String) throws(FileError) -> [Subdirectory] {
    var missing: [Subdirectory] = []
    for part in Subdirectory.allCases
    where try fileSystem.status(directory.appending(path: part.rawValue))?.kind != .directory { missing.append(part) }
    return missing
  }

  /// Nil where the root is where it was at `open()`, and the marker in it.
  private func rootFailure(_ error: FileError) -> StoreError? {
    do {
      try requireInPlace()
    } catch {
      return StoreError(.account, .needsPerson, "\(title): \(error.text)")
    }
    guard error.kind == .notFound else { return nil }
    do {
      if try fileSystem.status(RootMarker.path) != nil { return nil }
    } catch {
      return StoreError(.account, error.kind.storeKind, "\(title): \(error.text)")
    }
    return StoreError(
      .account, .needsPerson,
      "\(title): the directory, or its marker \(RootMarker.path), is not there any more; nothing is synced until it is")
  }
}

extension FileError.Kind {
  var storeKind: StoreError.Kind {
    switch self {
    case .notFound: .gone
    case .accessDenied, .readOnly, .notRegular: .needsPerson
    case .full: .noSpace
    case .held: .held
    case .cancelled: .cancelled
    case .exists, .nameTooLong, .tooLarge, .notEmpty, .unsupported, .watchLimit: .refused
    // May pass by itself; the text says what it is.
    case .tooManyOpen, .failed: .internalFault
    }
  }
}
