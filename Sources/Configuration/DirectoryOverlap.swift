import Mail

/// Two accounts that would write the same place would each take the other's mail for its own, and one that has the same
/// place on both sides would take its own.
enum DirectoryOverlap {
  /// `stateDirectory` is martlet's own, where that is known.
  static func check(_ accounts: [AccountConfiguration], stateDirectory: String?, _ complaints: Complaints) {
    checkMaildirs(accounts, stateDirectory: stateDirectory, complaints)
    checkServers(accounts, complaints)
  }

  private static func checkMaildirs(
    _ accounts: [AccountConfiguration], stateDirectory: String?, _ complaints: Complaints
  ) {
    let state = stateDirectory.map(DiskPath.realComponents)
    var trees: [(name: String, path: String, components: [Substring])] = []
    for account in accounts {
      guard case .maildir(let maildir) = account.near else { continue }
      let key = ["accounts", account.name, "local", "path"]
      // Real paths by their components: `Mail` is not around `Mailbox`, and a symbolic link is where it points.
      let components = DiskPath.realComponents(maildir.path)
      guard !components.isEmpty else {
        complaints.add(key, expected: "a directory for mail", found: "\(printable(maildir.path)), which holds all else")
        continue
      }
      if let state, components.starts(with: state) {
        complaints.add(
          key, expected: "a directory apart from martlet's own state",
          found: "\(printable(maildir.path)), where that is kept")
      } else if let state, state.starts(with: components) {
        complaints.add(
          key, expected: "a directory that martlet's own state is not in",
          found: "\(printable(maildir.path)), around \(printable(stateDirectory ?? ""))")
      }
      for other in trees where components.starts(with: other.components) || other.components.starts(with: components) {
        complaints.add(
          key, expected: "a directory of its own, neither in that of another account nor around it",
          found: "\(printable(maildir.path)), where account \(other.name) has \(printable(other.path))")
      }
      trees.append((account.name, maildir.path, components))
    }
  }

  private static func checkServers(_ accounts: [AccountConfiguration], _ complaints: Complaints) {
    var taken: [MailPlace: String] = [:]
    for account in accounts {
      guard case .imap(let near) = account.near else { continue }
      let place = MailPlace(near)
      if case .imap(let far) = account.far, MailPlace(far) == place {
        complaints.add(
          ["accounts", account.name, "local", place.key], expected: "another mailbox than that of remote",
          found: "the same, which would take its own messages for new ones")
      }
      if let other = taken[place] {
        complaints.add(
          ["accounts", account.name, "local", place.key], expected: "a mailbox of its own",
          found: "the one that account \(other) has")
      } else {
        taken[place] = account.name
      }
    }
  }
}

/// Whose mail on which server, as far as a configuration tells.
private struct MailPlace: Hashable {
  /// That names the server.
  let key: String
  let server: String
  let port: UInt16?
  let user: String?

  init(_ imap: IMAPConfiguration) {
    user = imap.user
    switch imap.endpoint {
    case .host(let host):
      let name = host.name.lowercased()
      // With TLS from the start or without, the usual ports are one server's.
      (key, port) = ("host", host.port == 143 ? 993 : host.port)
      server = IMAPReader.isLoopback(name) ? "localhost" : name.hasSuffix(".") ? String(name.dropLast()) : name
    case .tunnel(let command): (key, server, port) = ("tunnel", command, nil)
    }
  }
}
