import Mail
import Ports

/// Why the simulated kernel refuses a call: the errno, in words.
enum DiskRefusal: Error {
  case missing, taken, isDirectory, notDirectory, symbolicLink, notEmpty, otherDevice, nameTooLong, denied, notPermitted
  case full, readOnly, tooManyOpen, broken, invalid, unsupported

  var kind: FileError.Kind {
    switch self {
    case .missing: .notFound
    case .taken: .exists
    case .isDirectory, .notDirectory, .symbolicLink: .notRegular
    case .notEmpty: .notEmpty
    case .otherDevice, .unsupported: .unsupported
    case .nameTooLong: .nameTooLong
    case .denied, .notPermitted: .accessDenied
    case .full: .full
    case .readOnly: .readOnly
    case .tooManyOpen: .tooManyOpen
    case .broken, .invalid: .failed
    }
  }

  fileprivate var text: String {
    switch self {
    case .missing: "No such file or directory"
    case .taken: "File exists"
    case .isDirectory: "Is a directory"
    case .notDirectory: "Not a directory"
    case .symbolicLink: "Too many levels of symbolic links"
    case .notEmpty: "Directory not empty"
    case .otherDevice: "Invalid cross-device link"
    case .nameTooLong: "File name too long"
    case .denied: "Permission denied"
    case .notPermitted: "Operation not permitted"
    case .full: "No space left on device"
    case .readOnly: "Read-only file system"
    case .tooManyOpen: "Too many open files"
    case .broken: "Input/output error"
    case .invalid: "Invalid argument"
    case .unsupported: "Operation not supported"
    }
  }
}

extension FileError {
  init(_ operation: String, _ path: String, _ refusal: DiskRefusal) {
    self.init(
      refusal.kind, path: path, "\(operation) \(path.isEmpty ? "the root" : printable(path)): \(refusal.text)")
  }

  /// For a process that is no more: its code runs on, and the world does not answer.
  static func dead(_ operation: String, _ path: String) -> FileError {
    FileError(.failed, path: path, "\(operation) \(printable(path)): the process has ended")
  }
}

/// Runs `body`, and tells its refusal as the adapter would.
@discardableResult
func telling<Value>(
  _ operation: String, _ path: String, _ body: () throws(DiskRefusal) -> Value
) throws(FileError) -> Value {
  do {
    return try body()
  } catch {
    throw FileError(operation, path, error)
  }
}
