import Configuration
import Testing

/// The least that an account must say, to which a test adds what it is about.
enum Fixture {
  static let remote = """
    [accounts.a.remote]
    host = "imap.example.org"
    user = "me"
    password_command = "pass"

    """
  static let local = """
    [accounts.a.local]
    path = "/nowhere/mail"

    """

  static func parse(_ text: String, home: String? = "/home/me") throws(ConfigurationErrors) -> Configuration {
    try Configuration.parse(text, file: "/etc/nowhere/config.toml", home: home)
  }

  /// The errors, each as `LINE KEY: expected …, found …`.
  static func errors(_ text: String, home: String? = "/home/me") -> [String] {
    do {
      _ = try parse(text, home: home)
      return []
    } catch {
      return error.errors.map { error in
        "\(error.line ?? 0) \(error.key ?? ""): expected \(error.expected), found \(error.found ?? "")"
      }
    }
  }

  static func rules(_ text: String) throws -> FolderRules {
    let account = try parse(remote + local + "[accounts.a.folders]\n" + text).accounts.first
    return try #require(account).folders
  }
}

extension StoreConfiguration {
  var imap: IMAPConfiguration? { if case .imap(let configuration) = self { configuration } else { nil } }
  var maildir: MaildirConfiguration? { if case .maildir(let configuration) = self { configuration } else { nil } }
}

extension IMAPConfiguration {
  var host: Host? { if case .host(let host) = endpoint { host } else { nil } }
}
