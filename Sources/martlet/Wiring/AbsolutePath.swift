import Foundation

/// A path from the command line, from the root on and without doubled slashes, so that one place has one name.
enum AbsolutePath {
  static func of(_ path: String) -> String {
    let full = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    return "/" + full.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
  }
}
