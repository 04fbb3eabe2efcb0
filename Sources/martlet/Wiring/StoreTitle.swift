import Configuration
import Mail
import Ports

/// What a store is called in messages, without connecting to it.
enum StoreTitle {
  static func of(_ store: StoreConfiguration, home: String?) -> String {
    switch store {
    case .maildir(let maildir): of(maildir, home: home)
    case .imap(let imap): Endpoint(imap.endpoint).title
    }
  }

  /// As people write it.
  static func of(_ maildir: MaildirConfiguration, home: String?) -> String {
    guard let home, maildir.path.hasPrefix(home + "/") else { return printable(maildir.path) }
    return printable("~" + maildir.path.dropFirst(home.count))
  }
}
