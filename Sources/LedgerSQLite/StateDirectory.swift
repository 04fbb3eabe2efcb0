import Glibc
import Mail
package import Ports

/// The account's own directory: nobody but its owner may look in, whatever the umask.
package enum StateDirectory {
  private static let directoryMode: mode_t = 0o700
  private static let fileMode: mode_t = 0o600

  /// Makes what is missing on the way, and shuts the last one where it is open to others.
  package static func prepare(_ path: String) throws(LedgerError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/") {
      let parent = made.isEmpty ? "." : made
      made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + component
      if unsafe mkdir(made, directoryMode) == 0 {
        // The umask may have taken bits away; without them nothing could be put there.
        guard unsafe chmod(made, directoryMode) == 0 else { throw fault("make the directory", made) }
        syncDirectory(parent)
      } else if errno != EEXIST {
        // What is there already may answer otherwise than EEXIST (a read-only file system); the next one tells.
        let reason = errno
        guard unsafe access(made, F_OK) == 0 else { throw fault("make the directory", made, reason) }
      }
    }
    try restrict(path, to: directoryMode)
  }

  /// An empty file is a database without tables to SQLite, which gives its log the same mode.
  static func prepareFile(_ path: String) throws(LedgerError) {
    let descriptor = unsafe open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, fileMode)
    if descriptor >= 0 {
      let result = fchmod(descriptor, fileMode)
      let reason = errno
      close(descriptor)
      guard result == 0 else { throw fault("make", path, reason) }
    } else if errno != EEXIST {
      throw fault("make", path)
    } else {
      // Not opened here: closing it would let go of the locks of another connection in this process.
      try restrict(path, to: fileMode)
    }
  }

  private static func restrict(_ path: String, to mode: mode_t) throws(LedgerError) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw fault("look at", path) }
    guard status.st_mode & 0o077 != 0 else { return }
    guard unsafe chmod(path, mode) == 0 else { throw fault("shut from others", path) }
  }

  /// A lost directory costs as little as a lost ledger, so a file system that cannot sync one is not an error.
  private static func syncDirectory(_ path: String) {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static func fault(_ action: String, _ path: String, _ reason: CInt = errno) -> LedgerError {
    let words = unsafe String(cString: strerror(reason))
    return LedgerError(
      "cannot \(action) \(printable(path)): \(words). The account's ledger needs a directory that is yours to write.",
      kind(of: reason))
  }

  /// What it means where the kernel refuses a file of the state.
  static func kind(of reason: CInt) -> LedgerError.Kind { [ENOSPC, EDQUOT].contains(reason) ? .full : .needsPerson }
}
