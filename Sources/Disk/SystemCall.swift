import Glibc
import Mail
import Ports
import Reactor

/// Repeats a call that a signal interrupted.
func uninterrupted<Number: SignedInteger>(_ call: () -> Number) -> Number {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}

extension FileError {
  /// What `number` (an errno) means for `operation` on `path`.
  init(_ operation: String, _ path: String, errno number: Int32) {
    let place = path.isEmpty ? "the root" : printable(path)
    self.init(Kind(errno: number), path: path, "\(operation) \(place): \(systemError(number))")
  }
}

extension FileError.Kind {
  init(errno number: Int32) {
    self =
      switch number {
      case ENOENT: .notFound
      case EEXIST: .exists
      case ELOOP, ENOTDIR, EISDIR, ENXIO: .notRegular
      case EACCES, EPERM: .accessDenied
      case ENOSPC, EDQUOT, EFBIG: .full
      case EROFS: .readOnly
      case EMFILE, ENFILE: .tooManyOpen
      case ENAMETOOLONG: .nameTooLong
      case ENOTEMPTY: .notEmpty
      case EOPNOTSUPP, ENOSYS, EXDEV, EMLINK: .unsupported
      default: .failed
      }
  }
}
