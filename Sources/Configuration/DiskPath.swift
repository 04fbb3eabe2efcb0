import Glibc

/// What the configuration needs to know of the file system: whole small files, modes, real paths.
package enum DiskPath {
  /// Nil where the file cannot be looked at; symbolic links are followed.
  static func mode(_ path: String) -> UInt32? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return status.st_mode & 0o7777
  }

  /// Readable or writable for anybody but the owner.
  static func isOpenToOthers(_ mode: UInt32) -> Bool { mode & 0o077 != 0 }

  /// Against the directory `base` where it is relative.
  static func absolute(_ path: String, in base: String) -> String { path.hasPrefix("/") ? path : base + "/" + path }

  /// The directory that holds a file, absolute.
  package static func directory(of file: String) -> String {
    let file = absolute(file, in: currentDirectory)
    guard let slash = file.lastIndex(of: "/"), slash != file.startIndex else { return "/" }
    return String(file[..<slash])
  }

  /// The components of an absolute path with every symbolic link followed, as far as the path is there.
  static func realComponents(_ path: String) -> [Substring] {
    var existing = path.split(separator: "/")
    var missing: [Substring] = []
    while true {
      if let real = realPath("/" + existing.joined(separator: "/")) {
        existing = real.split(separator: "/")
        break
      }
      guard let last = existing.popLast() else { break }
      missing.insert(last, at: 0)
    }
    for component in missing {
      switch component {
      case ".": continue
      case "..": _ = existing.popLast()
      default: existing.append(component)
      }
    }
    return existing
  }

  /// The content, or the system's reason why there is none. Not for files without an end.
  static func contents(_ path: String) -> Result<[UInt8], Failure> {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return .failure(Failure(errno)) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while content.count <= sizeMax {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count == 0 { return .success(content) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return .failure(Failure(errno)) }
      content += buffer[..<count]
    }
    return .failure(Failure(EFBIG))
  }

  /// Larger than any configuration: a wrong path, such as a mailbox or a device.
  static let sizeMax = 1 << 20

  struct Failure: Error {
    let code: CInt
    init(_ code: CInt) { self.code = code }
    var isNotFound: Bool { code == ENOENT || code == ENOTDIR }
    var text: String { unsafe String(cString: strerror(code)) }
  }

  private static var currentDirectory: String { realPath(".") ?? "/" }

  /// With every symbolic link followed; nil where it is not there.
  package static func realPath(_ path: String) -> String? {
    // Allocated by the call, ours to free.
    guard let real = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }
}
