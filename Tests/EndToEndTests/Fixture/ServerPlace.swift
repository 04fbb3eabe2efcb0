import Support

/// The lines of a configuration that lead to a server.
struct ServerPlace: Sendable {
  var lines: [String]

  /// By TLS, verified.
  static func tls(_ server: some MailServer, user: String, _ extra: String...) -> ServerPlace {
    ServerPlace(
      lines: [
        "host = \"127.0.0.1\"", "port = \(server.tlsPort)", "ca_file = \"\(server.authorityFile)\"",
        "user = \"\(user)\"", "password = \"\(server.password)\"",
      ] + extra)
  }

  /// Without TLS, which is for loopback only; by way of a proxy where `port` is one's.
  static func plain(_ server: some MailServer, user: String, port: UInt16? = nil, _ extra: String...) -> ServerPlace {
    ServerPlace(
      lines: [
        "host = \"127.0.0.1\"", "port = \(port ?? server.plainPort)", "tls = \"none\"",
        "user = \"\(user)\"", "password = \"\(server.password)\"",
      ] + extra)
  }
}
