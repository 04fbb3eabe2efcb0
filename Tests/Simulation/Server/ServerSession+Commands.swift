import Mail
import Ports

/// Which command does what. An answer is the text behind the tag; nil where it comes later.
extension ServerSession {
  func perform(
    _ verb: ServerVerb, isUID: Bool, _ tag: String, _ scanner: inout CommandScanner
  ) throws(BadCommand) -> String? {
    switch verb {
    case .capability, .noop, .check, .logout, .namespace, .unselect, .close, .startTLS:
      try scanner.end()
      return plain(verb)
    case .id: return id()
    case .login: return try login(&scanner)
    case .authenticate: return try authenticate(tag, &scanner)
    case .enable: return try enable(&scanner)
    case .list: return try list(&scanner)
    case .lsub: return try lsub(&scanner)
    case .status: return try status(&scanner)
    case .create, .delete, .subscribe, .unsubscribe: return try changeMailbox(verb, &scanner)
    case .rename: return try renameMailbox(&scanner)
    case .select, .examine: return try select(&scanner, isReadOnly: verb == .examine)
    case .append: return try append(&scanner)
    case .idle:
      try scanner.end()
      say("+ idling")
      expectLine(.idling(tag: tag))
      announce(allowsExpunge: true)
      tellNews()
      return nil
    case .notify: return try notify(&scanner)
    case .fetch: return try fetch(&scanner, isUID: isUID)
    case .store: return try store(&scanner, isUID: isUID)
    case .search: return try search(&scanner, isUID: isUID)
    case .copy: return try copy(&scanner, isUID: isUID)
    case .move: return try move(&scanner, isUID: isUID)
    case .expunge: return try expunge(&scanner, isUID: isUID)
    }
  }

  private func plain(_ verb: ServerVerb) -> String {
    switch verb {
    case .capability:
      say("* CAPABILITY \(capabilities)")
    case .logout:
      say("* BYE Logging out")
    case .namespace:
      let separator = String(UnicodeScalar(server.profile.separator))
      say("* NAMESPACE ((\"\(server.profile.namespacePrefix)\" \"\(separator)\")) NIL NIL")
    case .close:
      if view?.isReadOnly == false { expungeDeleted(nil, .close) }
      view = nil
    case .unselect:
      view = nil
    case .startTLS:
      phase = .awaitingTLS
    default: break
    }
    return "OK \(verb.rawValue) completed"
  }

  // MARK: Who, and what

  var capabilities: String {
    let profile = server.profile
    var words = ["IMAP4rev1"]
    let isReduced = profile.hidesCapabilitiesBeforeLogin && !isLoggedIn
    for (known, name) in ServerExtensions.names where profile.has(known) {
      if isReduced, known != .saslIR, known != .literalPlus, known != .literalMinus { continue }
      words.append(name)
    }
    if let limit = profile.appendLimit, !isReduced { words.append("APPENDLIMIT=\(limit)") }
    if !isLoggedIn {
      if profile.offersStartTLS, !isConfidential { words.append("STARTTLS") }
      if profile.offersAuthPlain { words.append("AUTH=PLAIN") }
    }
    return words.joined(separator: " ")
  }

  private func id() -> String {
    say("* ID (\"name\" \"simulated\")")
    return "OK ID completed"
  }

  private func login(_ scanner: inout CommandScanner) throws(BadCommand) -> String {
    try scanner.space()
    let user = try scanner.text()
    try scanner.space()
    let password = try scanner.text()
    try scanner.end()
    return logIn(user, password)
  }

  /// AUTHENTICATE PLAIN; with SASL-IR the response may come at once (RFC 4959).
  private func authenticate(_ tag: String, _ scanner: inout CommandScanner) throws(BadCommand) -> String? {
    try scanner.space()
    guard try scanner.word() == "PLAIN", server.profile.offersAuthPlain else {
      return "NO [CANNOT] Unsupported authentication mechanism"
    }
    guard !scanner.isAtEnd else {
      say("+ ")
      expectLine(.authenticating(tag: tag))
      return nil
    }
    guard server.profile.has(.saslIR) else { throw BadCommand("No initial response here") }
    try scanner.space()
    let response = try scanner.atom()
    try scanner.end()
    return authenticate(Array(response))
  }

  /// RFC 4616: authorization identity, user and password, parted by NULs.
  func authenticate(_ response: [UInt8]) -> String {
    guard response != [UInt8(ascii: "*")] else { return "BAD Authentication cancelled" }
    guard let message = ServerBase64.decode(response) else { return "BAD Invalid base64" }
    let fields = message.split(separator: 0, omittingEmptySubsequences: false)
    guard fields.count == 3 else { return "NO [AUTHENTICATIONFAILED] Invalid response" }
    return logIn(String(decoding: fields[1], as: UTF8.self), String(decoding: fields[2], as: UTF8.self))
  }

  private func logIn(_ user: String, _ password: String) -> String {
    let profile = server.profile
    let isRight = user == profile.user && password == profile.password
    let isAccepted = isRight && !server.trouble.refusesLogin && !server.trouble.isTooBusyForLogin
    server.record.logins.append(
      .init(
        session: number, user: user, password: password, wasConfidential: isConfidential, wasAccepted: isAccepted))
    if server.trouble.isTooBusyForLogin { return "NO [UNAVAILABLE] Temporary authentication failure" }
    guard isAccepted else { return "NO [AUTHENTICATIONFAILED] Authentication failed" }
    isLoggedIn = true
    return profile.tellsCapabilities ? "OK [CAPABILITY \(capabilities)] Logged in" : "OK Logged in"
  }

  /// RFC 5161; RFC 7162 §3.2.3: QRESYNC brings CONDSTORE with it.
  private func enable(_ scanner: inout CommandScanner) throws(BadCommand) -> String {
    var enabled: [String] = []
    while !scanner.isAtEnd {
      try scanner.space()
      let word = try scanner.word()
      if word == "QRESYNC", server.profile.has(.qresync) {
        hasQResync = true
        hasCondStore = true
        enabled.append(word)
      } else if word == "CONDSTORE", server.profile.has(.condStore) {
        hasCondStore = true
        enabled.append(word)
      }
    }
    say(enabled.isEmpty ? "* ENABLED" : "* ENABLED \(enabled.joined(separator: " "))")
    return "OK Enabled"
  }
}
