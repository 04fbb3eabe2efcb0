// Mail: the words that all rooms share (keys, UIDs, flags, folder names, identities, secrets), as values without I/O.
// It imports no other room. Read this file first, then MessageIdentity, Flags and FolderName.

/// By what one store names a message in one folder: a UID on a server, the unique part of a file name in a Maildir.
package enum MessageKey: Hashable, Sendable {
  case uid(UID)
  case file(String)
}

extension MessageKey: Comparable {
  package static func < (left: MessageKey, right: MessageKey) -> Bool {
    switch (left, right) {
    case (.uid(let left), .uid(let right)): left < right
    case (.file(let left), .file(let right)): left < right
    case (.uid, .file): true
    case (.file, .uid): false
    }
  }
}

extension MessageKey: CustomStringConvertible {
  package var description: String {
    switch self {
    case .uid(let uid): "UID \(uid)"
    case .file(let name): printable(name)
    }
  }

  package var uid: UID? { if case .uid(let uid) = self { uid } else { nil } }
  package var fileName: String? { if case .file(let name) = self { name } else { nil } }
}
