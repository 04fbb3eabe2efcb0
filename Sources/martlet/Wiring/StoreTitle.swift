import Configuration
import Mail

/// What a store is called in messages, without connecting to it.
enum StoreTitle {
  static func of(_ store: StoreConfiguration, home: String?) -> String {
    switch store {
    case .maildir(let maildir): of(maildir, home: home)
    case .imap(let imap):
      switch imap.endpoint {
      case .host(let host): printable(host.name)
      case .tunnel: "tunnel"
      }
    }
  }

  /// As people write it.
  static func of(_ maildir: MaildirConfiguration, home: String?) -> String {
    guard let home, maildir.path.hasPrefix(home + "/") else { return printable(maildir.path) }
    return printable("~" + maildir.path.dropFirst(home.count))
  }
}
