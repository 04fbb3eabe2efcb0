import Control
import Glibc
import Mail
import Reactor

/// Who may do what with one of martlet's own files.
struct FilePermissions: Equatable {
  let path: String
  let isDirectory: Bool
  /// The permission bits of stat(2).
  let mode: mode_t
  let isOurs: Bool

  /// Of what is at `path`; nil where that is neither file, directory nor socket. A symbolic link is not followed.
  init?(of path: String) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    let kind = status.st_mode & S_IFMT
    guard [S_IFREG, S_IFDIR, S_IFSOCK].contains(kind) else { return nil }
    self.path = path
    isDirectory = kind == S_IFDIR
    mode = status.st_mode & 0o7777
    isOurs = status.st_uid == geteuid()
  }

  var isOpenToOthers: Bool { mode & 0o077 != 0 }
  /// Others may put something else in the place of what is in the directory; where it is sticky they may not.
  var isOthersToWrite: Bool { mode & 0o022 != 0 && mode & S_ISVTX == 0 }

  /// As people write it: `0644`.
  var modeText: String { "0" + String(mode, radix: 8) }

  /// Why the kernel refuses us what a sync does in a directory; nil where it does not, or there is none.
  static func refusal(at path: String) -> String? {
    guard unsafe faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) != 0, errno != ENOENT else { return nil }
    return systemError(errno)
  }

  /// Takes every right of others away, or those that are named, and none of ours.
  static func shut(_ finding: DoctorFinding, at path: String, taking bits: mode_t = 0o077) -> DoctorFinding {
    var status = stat()
    // The file that a link leads to: a password may be kept elsewhere.
    guard unsafe stat(path, &status) == 0 else { return finding.failed(systemError(errno)) }
    guard status.st_uid == geteuid() else { return finding.failed("it belongs to another user") }
    guard unsafe chmod(path, status.st_mode & 0o7777 & ~bits) == 0 else { return finding.failed(systemError(errno)) }
    return finding.mended()
  }
}
