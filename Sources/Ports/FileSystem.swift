package import Mail

/// A directory tree on disk, as far as a Maildir needs one. Paths are relative to the tree's root, `/`-separated, and
/// never leave it: no `..`, no symbolic link is followed below the root (law L12). The empty path is the root itself.
///
/// Names are UTF-8. A name on disk that is not is listed with `isDecodable` false and cannot be opened.
@Loop
package protocol FileSystem: AnyObject, Sendable {
  /// Every entry but `.` and `..`, in no order. A listing that fails half-way throws: it is never shorter than the truth.
  func list(_ directory: String) async throws(FileError) -> [DirectoryEntry]

  /// Of the same entries those whose names begin with one of `prefixes`, byte by byte. All of the directory is read for
  /// them, too; where there are few, it takes a fraction of the time.
  func list(_ directory: String, beginningWith prefixes: [String]) async throws(FileError) -> [DirectoryEntry]

  /// Nil where there is nothing by that name. Does not follow a symbolic link.
  func status(_ path: String) throws(FileError) -> FileStatus?

  /// False where the root's path leads to another directory than the one at hand by now, or to none: it was moved away,
  /// or something was mounted over it.
  var isRootInPlace: Bool { get }

  /// Lets go of the root at hand. The next call takes what its path leads to then, and until this is asked for none does:
  /// nobody must find himself in another tree without having looked for the marker (law L8).
  func releaseRoot()

  /// Makes the directory (mode 0700) and what is missing above it. Fine if it is there.
  func makeDirectory(_ path: String) throws(FileError)

  /// The directory must be empty.
  func removeDirectory(_ path: String) throws(FileError)

  /// A regular file for reading; anything else (symlink, FIFO, device) is an error, never a wait.
  func open(_ path: String) throws(FileError) -> any FileReader

  /// A new file (mode 0600); an error if the name is taken.
  func create(_ path: String) throws(FileError) -> any FileWriter

  /// Never replaces: `.exists` where the target name is taken.
  ///
  /// Some file systems take two steps for it, a link and a removal, and in two directories a power cut might leave but
  /// the removal. With `isMail` the first step is durable before the second one is made; a draft, or what is deleted,
  /// need not wait for that.
  func rename(_ source: String, to target: String, isMail: Bool) throws(FileError)

  /// Renames and replaces what is there: for martlet's own small files, never for mail.
  func replace(_ path: String, with source: String) throws(FileError)

  /// A hard link, or where the file system has none an error of kind `.unsupported`.
  func link(_ source: String, to target: String) throws(FileError)

  func unlink(_ path: String) throws(FileError)

  /// The barrier: when it returns, what was written to `files` and every name changed in `directories` before the call
  /// is durable. One call for a batch.
  func makeDurable(files: [String], directories: [String]) async throws(FileError)

  /// Locks a directory against everybody else who does, in this process or another, and never waits: `.held` where it
  /// is taken. Nil where the file system has no such locks (NFS).
  func lock(_ directory: String) throws(FileError) -> (any FileLock)?
}

/// Lets go with its last reference at the latest; the kernel does it however the process ends.
@Loop
package protocol FileLock: AnyObject, Sendable {
  func release()
}

@Loop
package protocol FileReader: AnyObject, Sendable {
  /// The size when it was opened.
  var size: Int { get }
  var modified: InternalDate { get }
  /// The next bytes, at most `limit`; empty at the end of the file.
  func read(upTo limit: Int) async throws(FileError) -> [UInt8]
  /// The next `read` begins at the start again; of the same file, whatever it is called by now.
  func rewind() throws(FileError)
  /// True where size and modification time are, to the nanosecond, what they were when it was opened.
  func isUnchanged() throws(FileError) -> Bool
  func close()
}

@Loop
package protocol FileWriter: AnyObject, Sendable {
  func write(_ bytes: [UInt8]) throws(FileError)
  /// Sets the modification time, where given, and closes. Durable only after `makeDurable`.
  func finish(modified: InternalDate?) throws(FileError)
  /// Closes without a claim on the content; the caller unlinks.
  func abandon()
}

extension FileSystem {
  /// What is no path of this machine leads nowhere else.
  package var isRootInPlace: Bool { true }

  package func list(
    _ directory: String, beginningWith prefixes: [String]
  ) async throws(FileError) -> [DirectoryEntry] {
    try await list(directory).filter { entry in prefixes.contains { entry.name.utf8.starts(with: $0.utf8) } }
  }
}

package struct DirectoryEntry: Hashable, Sendable {
  package let name: String
  package let kind: FileKind
  /// False where the name on disk is not UTF-8; `name` is then a printable stand-in.
  package let isDecodable: Bool

  package init(name: String, kind: FileKind, isDecodable: Bool = true) {
    self.name = name
    self.kind = kind
    self.isDecodable = isDecodable
  }
}

/// Paths below a root: names with slashes between, the empty path for the root. Of bytes, not of characters: an accent
/// behind a slash would make one character with it.
extension String {
  /// `name` in the directory that `self` is.
  package func appending(path name: String) -> String { isEmpty ? name : "\(self)/\(name)" }

  /// The directory that holds it; the root's is the root.
  package var parentPath: String { utf8.lastIndex(of: UInt8(ascii: "/")).map { String(self[..<$0]) } ?? "" }

  /// Itself and all directories above it, up to the root.
  package var withParents: [String] {
    var paths = [self]
    while let path = paths.last, !path.isEmpty { paths.append(path.parentPath) }
    return paths
  }

  package var lastPathComponent: String {
    utf8.lastIndex(of: UInt8(ascii: "/")).map { String(self[utf8.index(after: $0)...]) } ?? self
  }
}

package enum FileKind: Hashable, Sendable { case file, directory, symbolicLink, other }

package struct FileStatus: Hashable, Sendable {
  package let kind: FileKind
  package let size: Int
  /// Nanoseconds since 1970.
  package let modified: Int64
  /// When content, name or traits were last touched, which no program can set; nanoseconds since 1970.
  package let changed: Int64
  package let inode: UInt64
  package let device: UInt64
  package let linkCount: Int

  package init(
    kind: FileKind, size: Int, modified: Int64, changed: Int64, inode: UInt64, device: UInt64, linkCount: Int
  ) {
    self.kind = kind
    self.size = size
    self.modified = modified
    self.changed = changed
    self.inode = inode
    self.device = device
    self.linkCount = linkCount
  }

  /// Seconds since it was last touched, by the time that nobody can set: a message being delivered may bear the date of
  /// years ago already.
  package func age(at now: Int64) -> Int64 { now - changed / 1_000_000_000 }

  package var modifiedDate: InternalDate {
    // Rounded down, also before 1970, and without a step beyond what fits.
    let (seconds, rest) = modified.quotientAndRemainder(dividingBy: 1_000_000_000)
    return InternalDate(secondsSince1970: rest < 0 ? seconds - 1 : seconds)
  }
}

package struct FileError: Error, Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case notFound, exists, notRegular, accessDenied, full, readOnly, tooManyOpen, nameTooLong, tooLarge, notEmpty,
      unsupported
    /// The kernel's limit of watches; the text names the sysctl.
    case watchLimit
    /// Another holds the lock.
    case held
    /// Who asked for it was told to stop.
    case cancelled
    case failed
  }

  package let kind: Kind
  package let path: String
  /// For a person: the operation and the system's reason.
  package let text: String

  package init(_ kind: Kind, path: String, _ text: String) {
    self.kind = kind
    self.path = path
    self.text = text
  }
}
