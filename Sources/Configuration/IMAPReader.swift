import Mail

/// Reads the table of an IMAP server, `remote` or `local`.
struct IMAPReader {
  typealias Host = IMAPConfiguration.Host

  let places: PlaceReader

  private static let passwordKeys = ["password_command", "password_file", "password"]

  /// Nil where something is wrong with it, which has then been told.
  func configuration(_ reader: inout TableReader) -> IMAPConfiguration? {
    let isTunnel = reader.has("tunnel")
    let allowPlaintext = reader.boolean("allow_plaintext") ?? false
    let endpoint = isTunnel ? tunnel(&reader) : host(&reader, allowPlaintext: allowPlaintext)
    let user = reader.line("user", "a user name")
    if !isTunnel, !reader.has("user") { reader.complain(expected: "a user name: user = \"…\"", found: "none") }
    let password = password(&reader, isNeeded: !isTunnel)
    let maxConnections =
      reader.integer("max_connections", in: 1...100) ?? IMAPConfiguration.maxConnectionsDefault
    reader.finish()
    guard let endpoint, isTunnel || (user != nil && password != nil) else { return nil }
    return IMAPConfiguration(
      endpoint: endpoint, user: user, password: password, allowPlaintext: allowPlaintext,
      maxConnections: maxConnections)
  }

  private func tunnel(_ reader: inout TableReader) -> IMAPConfiguration.Endpoint? {
    let command = reader.line("tunnel", "a command")
    if reader.string("host") != nil {
      reader.complain("host", expected: "either host or tunnel", found: "both")
    }
    for key in ["port", "ca_file"] where reader.has(key) {
      reader.complain(key, expected: "no \(key) beside tunnel", found: "both")
    }
    _ = reader.integer("port", in: 1...65535)
    if let tls = reader.string("tls"), tls != "none" {
      reader.complain("tls", expected: "no tls beside tunnel, or \"none\"", found: "\"\(quotable(tls))\"")
    }
    _ = reader.string("ca_file")
    return command.map { .tunnel(command: $0) }
  }

  private func host(_ reader: inout TableReader, allowPlaintext: Bool) -> IMAPConfiguration.Endpoint? {
    if !reader.has("host") {
      reader.complain(expected: "a server: host = \"…\", or tunnel = \"…\"", found: "none")
    }
    let name = hostName(&reader)
    let security: Host.Security? = reader.has("tls") ? reader.choice("tls") : .implicitTLS
    let port = reader.has("port") ? reader.integer("port", in: 1...65535) : security == .implicitTLS ? 993 : 143
    let hasCAFile = reader.has("ca_file")
    let caFile = places.path("ca_file", of: &reader)
    guard let name, let security, let port, !hasCAFile || caFile != nil else { return nil }
    if security == .plaintext, !allowPlaintext, !Self.isLoopback(name) {
      // A password would go over the network for all to read (law L13).
      reader.complain(
        "tls", expected: "\"implicit\" or \"starttls\" to \(quotable(name)), or allow_plaintext = true beside it",
        found: "\"none\"")
      return nil
    }
    return .host(Host(name: name, port: UInt16(port), security: security, caFile: caFile))
  }

  private func hostName(_ reader: inout TableReader) -> String? {
    guard var name = reader.line("host", "a host name or address") else { return nil }
    if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
    // One colon is a port; more are an IPv6 address.
    let isFine = !name.isEmpty && name.count(where: { $0 == ":" }) != 1 && !name.contains { " /@".contains($0) }
    guard isFine else {
      reader.complain(
        "host", expected: "a host name or address alone, with any port in the key port",
        found: "\"\(quotable(name))\"")
      return nil
    }
    return name
  }

  private func password(_ reader: inout TableReader, isNeeded: Bool) -> IMAPConfiguration.PasswordSource? {
    let given = Self.passwordKeys.filter { reader.has($0) }
    if given.count > 1, let last = given.last {
      reader.complain(last, expected: "one source of the password", found: given.joined(separator: " and "))
    } else if given.isEmpty, isNeeded {
      reader.complain(
        expected: "a source of the password: password_command, password_file or password", found: "none")
    }
    let command = reader.line("password_command", "a command")
    let file = passwordFile(&reader)
    let literal = literalPassword(&reader)
    guard given.count == 1 else { return nil }
    return command.map { .command($0) } ?? file.map { .file($0) } ?? literal.map { .literal($0) }
  }

  /// A file that is not there yet may be there at the login, which then tells.
  private func passwordFile(_ reader: inout TableReader) -> String? {
    guard let path = places.path("password_file", of: &reader) else { return nil }
    // Shut from others, a directory would be shut from its owner as well; and a pipe might be waited for without end.
    guard DiskPath.mayBeFile(path) else {
      reader.complain(
        "password_file", expected: "a file with the password in its first line", found: "what is not a file")
      return nil
    }
    if let mode = DiskPath.mode(path), DiskPath.isOpenToOthers(mode) {
      reader.complain(
        "password_file", expected: "a file that only you can read: chmod 600 \(printable(path))",
        found: Self.modeText(mode), openSecret: path)
      return nil
    }
    return path
  }

  private func literalPassword(_ reader: inout TableReader) -> Secret? {
    guard let password = reader.line("password", "a password") else { return nil }
    let file = reader.complaints.file
    if let mode = DiskPath.mode(file), DiskPath.isOpenToOthers(mode) {
      reader.complain(
        "password", expected: "a password only in a file that nobody else can read: chmod 600 \(printable(file))",
        found: Self.modeText(mode), openSecret: DiskPath.mayBeFile(file) ? file : nil)
      return nil
    }
    return Secret(password)
  }

  private static func modeText(_ mode: UInt32) -> String { "mode 0" + String(mode, radix: 8) }

  /// The names and literals that mean this machine whatever the resolver says.
  static func isLoopback(_ name: String) -> Bool {
    if ["localhost", "::1"].contains(name.lowercased()) { return true }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
