import Glibc

/// What the configuration needs to know of the file system: whole small files, modes, real paths.
package enum DiskPath {
  /// Nil where the file cannot be looked at; symbolic links are followed.
  static func mode(_ path: String) -> UInt32? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return status.st_mode & 0o7777
  }

  /// False for a directory, a pipe, a device; true where it cannot be looked at, or is not there yet.
  static func mayBeFile(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
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

  /// The content, or the reason why there is none. A pipe, as a shell's `<(…)` gives, is read to its end; nobody is
  /// waited for who has nothing to say.
  static func contents(_ path: String) -> Result<[UInt8], Failure> {
    // A named pipe would else be waited for until somebody writes to it, and no signal heard meanwhile.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { return .failure(Failure(errno)) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while content.count <= sizeMax {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count == 0 {
        return content.isEmpty && isPipe(descriptor)
          ? .failure(Failure(EPIPE, "a pipe that nobody writes to")) : .success(content)
      }
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN {
        guard hasNews(descriptor) else {
          return .failure(Failure(ETIMEDOUT, "a pipe from which nothing came for \(patienceMilliseconds / 1000) s"))
        }
        continue
      }
      guard count > 0 else { return .failure(Failure(errno)) }
      content += buffer[..<count]
    }
    return .failure(Failure(EFBIG))
  }

  /// For a command behind a pipe, as one that decrypts.
  private static let patienceMilliseconds: CInt = 10_000

  private static func hasNews(_ descriptor: CInt) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
      let count = unsafe poll(&waiting, 1, patienceMilliseconds)
      if count >= 0 || errno != EINTR { return count > 0 }
    }
  }

  private static func isPipe(_ descriptor: CInt) -> Bool {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  /// Larger than any configuration: a wrong path, such as a mailbox or a device.
  static let sizeMax = 1 << 20

  struct Failure: Error {
    let code: CInt
    let text: String

    init(_ code: CInt, _ text: String? = nil) {
      self.code = code
      self.text = unsafe text ?? String(cString: strerror(code))
    }

    var isNotFound: Bool { code == ENOENT || code == ENOTDIR }
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
