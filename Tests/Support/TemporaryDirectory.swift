import Foundation
import Glibc

/// A folder of its own, removed when the last reference goes, and by the guardian when the process dies before.
///
/// Other users may pass through it (0755): a server that runs as root keeps mail there as an unprivileged user.
package final class TemporaryDirectory: Sendable {
  package let path: String

  /// `purpose` becomes part of the name, for people who look at what is running.
  package init(_ purpose: String = "test") throws {
    var template = Array("\(Self.parent)/martlet-\(purpose)-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else {
      throw SupportError.system("cannot make a folder in \(Self.parent)", code: errno)
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    Guardian.shared.watch(.folder(path))
    guard unsafe chmod(path, 0o755) == 0 else { throw SupportError.system("chmod \(path)", code: errno) }
  }

  deinit { remove() }

  /// Removes the folder now. A later call does nothing.
  package func remove() {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch CocoaError.fileNoSuchFile {
      // Removed before.
    } catch {
      // What cannot be removed now, because something still writes there, is the guardian's at the end.
      return
    }
    Guardian.shared.release(.folder(path))
  }

  package func appending(_ name: String) -> String { path + "/" + name }

  /// Makes a folder below this one, and those above it.
  package func makeFolder(_ name: String, mode: Int = 0o755) throws -> String {
    let folder = appending(name)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // Set apart from the making, which the umask would narrow.
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder)
    return folder
  }

  /// Writes a file below this folder.
  @discardableResult
  package func write(_ text: String, to name: String, mode: Int = 0o644) throws -> String {
    let file = appending(name)
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    return file
  }

  /// TMPDIR, unless it is so long that a Unix socket's path (108 bytes) would not fit below it.
  private static var parent: String {
    let wished = ProcessInfo.processInfo.environment["TMPDIR"] ?? ""
    return wished.isEmpty || wished.utf8.count > 40 ? "/tmp" : wished
  }
}
