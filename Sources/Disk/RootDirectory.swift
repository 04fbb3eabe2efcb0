import CLinux
import Glibc
import Mail
import Ports
import Reactor

/// The tree's root, held open: paths are resolved below it and cannot leave it (law L12).
///
/// The root itself may be a symbolic link, which is the user's choice; nothing below it is followed. `openat2` sees to
/// that in one call; where it is missing (kernels before 5.6, some containers), each component is opened by itself.
final class RootDirectory: Sendable {
  /// As the user wrote it.
  let path: String
  /// Readable, not just a place: the barrier calls `syncfs` on it.
  private let descriptor: FileDescriptor
  private let walks: Bool

  /// `walks` forces the way for systems without openat2.
  init(_ path: String, walks: Bool = false) throws(FileError) {
    let number = uninterrupted { unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard let descriptor = FileDescriptor(owning: number) else {
      throw FileError(FileError.Kind(errno: errno), path: "", "open \(printable(path)): \(systemError(errno))")
    }
    self.path = path
    self.walks = walks || !Self.hasOpenat2(descriptor.number)
    self.descriptor = descriptor
  }

  /// False where the path leads to another directory by now, or to none. A way that cannot be looked along tells nothing.
  var isInPlace: Bool {
    var (held, found) = (stat(), stat())
    guard unsafe fstat(descriptor.number, &held) == 0 else { return true }
    guard unsafe stat(path, &found) == 0 else { return errno != ENOENT && errno != ENOTDIR }
    return held.st_dev == found.st_dev && held.st_ino == found.st_ino
  }

  /// Borrowed. Held for as long as the root is, so that `syncfs` on it tells of each error since, whoever else heard of
  /// it: the kernel remembers for each open file what that was told.
  var heldNumber: Int32 { descriptor.number }

  /// Makes the directory (mode 0700) and what is missing above it.
  static func make(_ path: String) throws(FileError) {
    var prefix = path.hasPrefix("/") ? "" : "."
    for component in path.utf8.split(separator: UInt8(ascii: "/")) {
      prefix += "/" + String(Substring(component))
      if unsafe mkdir(prefix, 0o700) == 0 || errno == EEXIST { continue }
      // Above what is the user's, directories may be there and not be ours to make.
      let failure = errno
      if unsafe access(prefix, X_OK) == 0 { continue }
      throw FileError(FileError.Kind(errno: failure), path: "", "make \(printable(path)): \(systemError(failure))")
    }
  }

  /// Opens what is at `path`, itself no symbolic link either. The caller closes the number.
  func openNumber(_ path: String, _ flags: Int32, mode: mode_t = 0, for operation: String = "open") throws(FileError)
    -> Int32
  {
    guard Self.staysInside(path) else {
      throw FileError(.failed, path: path, "\(operation): a path that leaves the root, or names nothing")
    }
    let number =
      if path.isEmpty {
        // A descriptor of its own: one that is read or synced must not be shared.
        uninterrupted { unsafe openat(descriptor.number, ".", flags | O_CLOEXEC) }
      } else if walks {
        walk(path, flags, mode)
      } else {
        uninterrupted { unsafe clinux_open_beneath(descriptor.number, path, flags, mode) }
      }
    guard number >= 0 else { throw FileError(operation, path, errno: errno) }
    return number
  }

  func open(_ path: String, _ flags: Int32, mode: mode_t = 0, for operation: String = "open") throws(FileError)
    -> FileDescriptor
  {
    guard let opened = FileDescriptor(owning: try openNumber(path, flags, mode: mode, for: operation)) else {
      preconditionFailure("an open descriptor is never negative")
    }
    return opened
  }

  /// Calls `body` with the directory that holds `path`, and the last component.
  func withParent<Value>(of path: String, for operation: String, _ body: (Int32, String) -> Value) throws(FileError)
    -> Value
  {
    guard !path.isEmpty, Self.staysInside(path) else {
      throw FileError(.failed, path: path, "\(operation): a path that leaves the root, or names nothing")
    }
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return body(descriptor.number, path) }
    let parent = try open(
      String(path[..<slash]), clinux_path_flag() | O_DIRECTORY, for: operation)
    return body(parent.number, String(path[path.utf8.index(after: slash)...]))
  }

  private func walk(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
    var parent: Int32 = descriptor.number
    defer { if parent != descriptor.number { close(parent) } }
    let components = path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    for component in components.dropLast() {
      let next = uninterrupted {
        unsafe openat(parent, component, clinux_path_flag() | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      }
      if parent != descriptor.number { close(parent) }
      parent = next
      if next < 0 {
        parent = descriptor.number
        return -1
      }
    }
    return uninterrupted { unsafe openat(parent, components.last ?? "", flags | O_NOFOLLOW | O_CLOEXEC, mode) }
  }

  private static func staysInside(_ path: String) -> Bool {
    path.isEmpty
      || path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { component in
        !component.isEmpty && !component.elementsEqual([0x2E]) && !component.elementsEqual([0x2E, 0x2E])
          && !component.contains(0)
      }
  }

  private static func hasOpenat2(_ directory: Int32) -> Bool {
    let number = uninterrupted { unsafe clinux_open_beneath(directory, ".", clinux_path_flag() | O_DIRECTORY, 0) }
    if number >= 0 { close(number) }
    return number >= 0
  }
}
