import Support

/// Debian's mbsync, set up as its manual has it: both directions, FSync on as by default.
struct Mbsync: Sendable {
  private let configurationFile: String

  static let program = "mbsync"
  static let likeness = Likeness.mail

  init(_ server: Martlet.Server, maildir: String, scratch: TemporaryDirectory) throws {
    let security =
      server.isTLS ? "SSLType IMAPS\nCertificateFile \(server.authorityFile)" : "SSLType None\nAuthMechs LOGIN"
    configurationFile = try scratch.write(
      """
      IMAPAccount bench
      Host \(server.isTLS ? "localhost" : "127.0.0.1")
      Port \(server.port)
      User \(server.user)
      Pass \(server.password)
      \(security)

      IMAPStore far
      Account bench

      MaildirStore near
      Path \(maildir)/
      Inbox \(maildir)/INBOX
      SubFolders Verbatim

      Channel bench
      Far :far:
      Near :near:
      Patterns *
      Create Near
      Expunge Both
      SyncState *
      Sync All

      """, to: "mbsyncrc", mode: 0o600)
  }

  /// A pass over all folders.
  var allCommand: [String] { [Self.program, "-q", "-c", configurationFile, "-a"] }

  /// A pass over some.
  func command(for folders: [String]) -> [String] {
    [Self.program, "-q", "-c", configurationFile, "bench:" + folders.joined(separator: ",")]
  }
}
