package import Mail

/// Where in a Maildir tree each folder is, and which folder a directory is.
///
/// `nested` puts `A/B` at `A/B`, `maildir++` at `.A.B` with INBOX at the root itself. What would be dangerous or
/// ambiguous as a directory name is percent-escaped; `ComponentEscape` says what. Names from a server can never lead
/// out of the root (law L12).
package enum MaildirLayout: String, Hashable, Sendable, CaseIterable {
  case nested
  case maildirPlusPlus = "maildir++"

  /// Of the file system, not of the user, where the root is a mount point.
  static let lostAndFound = "lost+found"

  /// Longest directory name; file systems take 255 bytes, and a little is left for what other programs append.
  package static let nameLengthMax = 200

  /// Why a name has no place on the other side.
  package struct Unmappable: Error, Hashable, Sendable {
    package let reason: String
  }

  /// The folder's directory, relative to the root and empty for the root itself.
  package func directory(of folder: FolderName) throws(Unmappable) -> String {
    if self == .maildirPlusPlus, folder.isInbox { return "" }
    var names: [String] = []
    for (index, component) in folder.components.enumerated() {
      let name = ComponentEscape(self, at: .of(index, folder.components.count)).escape(component)
      try checkLength(name)
      names.append(name)
    }
    guard self == .maildirPlusPlus else { return names.joined(separator: "/") }
    let name = "." + names.joined(separator: ".")
    try checkLength(name)
    return name
  }

  /// The folder at a directory; `.inbox` for the root of a Maildir++.
  package func folder(at directory: String) throws(Unmappable) -> FolderName {
    let names: [String]
    switch self {
    case .nested:
      names = directory.utf8Split(separator: UInt8(ascii: "/"))
    case .maildirPlusPlus:
      if directory.isEmpty { return .inbox }
      guard directory.utf8.first == UInt8(ascii: ".") else { throw Unmappable(reason: "not a Maildir++ folder's name") }
      names = String(directory.dropFirstByte()).utf8Split(separator: UInt8(ascii: "."))
    }
    var components: [String] = []
    for (index, name) in names.enumerated() {
      let escape = ComponentEscape(self, at: .of(index, names.count))
      guard let component = escape.read(name) else {
        throw Unmappable(reason: "no folder has a directory of this name")
      }
      components.append(component)
    }
    guard let folder = FolderName(components: components) else {
      throw Unmappable(reason: "not a folder's name: empty, too long or too deep")
    }
    // FolderName writes INBOX in one way; on disk only that spelling is it.
    guard folder.components == components else {
      throw Unmappable(reason: "INBOX is spelled in capitals; this directory would be the same folder")
    }
    guard try self.directory(of: folder).utf8.elementsEqual(directory.utf8) else {
      throw Unmappable(reason: "another directory is this folder's")
    }
    return folder
  }

  private func checkLength(_ name: String) throws(Unmappable) {
    guard name.utf8.count <= Self.nameLengthMax else {
      throw Unmappable(
        reason: "its directory's name would be \(name.utf8.count) bytes long, and at most \(Self.nameLengthMax) fit")
    }
  }
}

extension ComponentEscape.Place {
  fileprivate static func of(_ index: Int, _ count: Int) -> Self {
    index > 0 ? .below : count == 1 ? .alone : .first
  }
}

extension String {
  fileprivate func utf8Split(separator: UInt8) -> [String] {
    utf8.split(separator: separator, omittingEmptySubsequences: false).map { String(Substring($0)) }
  }

  fileprivate func dropFirstByte() -> Substring { Substring(utf8.dropFirst()) }
}
