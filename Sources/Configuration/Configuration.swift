// Configuration turns a TOML file into checked values. It knows Mail and nothing of stores or connections: what is
// wrong is told with file, line and key before anything is done. Read this file first, then AccountReader.

package import Mail

/// What a person asked for, checked: nothing in it is impossible on its face.
package struct Configuration: Sendable {
  /// In the order of the file; at least one, their names all different.
  package let accounts: [AccountConfiguration]

  package init(accounts: [AccountConfiguration]) { self.accounts = accounts }
}

package struct AccountConfiguration: Equatable, Sendable {
  /// Letters, digits, `-` and `_`: fit for a directory's name and a command line.
  package let name: String
  /// `local` in the file.
  package let near: StoreConfiguration
  /// `remote` in the file.
  package let far: StoreConfiguration
  package let folders: FolderRules
  package let sync: SyncRules

  package init(
    name: String, near: StoreConfiguration, far: StoreConfiguration, folders: FolderRules, sync: SyncRules
  ) {
    self.name = name
    self.near = near
    self.far = far
    self.folders = folders
    self.sync = sync
  }
}

/// What narrows the sync of an account, and what becomes of deleted mail.
package struct SyncRules: Hashable, Sendable {
  /// Where a pass would delete more than this share of a folder or of the account, in percent, a person is asked first
  /// (law L9). 100 never asks, but for a folder that vanished whole.
  package var brakePercent = 50
  /// The remote folder that takes what is deleted locally, by its remote name; nil where it is expunged.
  package var trash: FolderName?
  /// How many days a message that was deleted on the server is kept in the Maildir root's own directory.
  package var trashDays = 0

  package init() {}
}

package enum StoreConfiguration: Equatable, Sendable {
  case imap(IMAPConfiguration)
  case maildir(MaildirConfiguration)
}

package struct MaildirConfiguration: Hashable, Sendable {
  package enum Layout: String, Hashable, Sendable, CaseIterable {
    case nested
    case maildirPlusPlus = "maildir++"
  }

  /// Absolute; `~` is expanded.
  package let path: String
  package let layout: Layout

  package init(path: String, layout: Layout) {
    self.path = path
    self.layout = layout
  }
}

package struct IMAPConfiguration: Equatable, Sendable {
  package enum Endpoint: Hashable, Sendable {
    case host(Host)
    /// A command whose stdio is a preauthenticated session.
    case tunnel(command: String)
  }

  package struct Host: Hashable, Sendable {
    package enum Security: String, Hashable, Sendable, CaseIterable {
      case implicitTLS = "implicit"
      case startTLS = "starttls"
      case plaintext = "none"
    }

    /// A name, or an IPv4 or IPv6 literal without brackets.
    package let name: String
    package let port: UInt16
    package let security: Security
    /// Absolute; `~` is expanded.
    package let caFile: String?

    package init(name: String, port: UInt16, security: Security, caFile: String?) {
      self.name = name
      self.port = port
      self.security = security
      self.caFile = caFile
    }
  }

  /// Where the password comes from. A file or a command is read at each login.
  package enum PasswordSource: Equatable, Sendable {
    case literal(Secret)
    case file(String)
    case command(String)
  }

  package static let maxConnectionsDefault = 5

  package let endpoint: Endpoint
  /// Nil for a tunnel that needs none.
  package let user: String?
  /// Nil for a tunnel that needs none.
  package let password: PasswordSource?
  package let allowPlaintext: Bool
  package let maxConnections: Int

  package init(
    endpoint: Endpoint, user: String?, password: PasswordSource?, allowPlaintext: Bool = false,
    maxConnections: Int = maxConnectionsDefault
  ) {
    self.endpoint = endpoint
    self.user = user
    self.password = password
    self.allowPlaintext = allowPlaintext
    self.maxConnections = maxConnections
  }
}
