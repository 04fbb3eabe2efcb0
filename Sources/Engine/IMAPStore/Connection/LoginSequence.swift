import IMAP
import Mail
import Ports

/// Why a connection could not be used.
struct LoginFailure: Error {
  let error: StoreError
  /// True where the server would take us, but not with so many connections or just now.
  let isLimit: Bool

  init(_ error: StoreError, isLimit: Bool = false) {
    self.error = error
    self.isLimit = isLimit
  }
}

/// From the server's first line to a connection that can be worked with, in as few round trips as the server allows:
/// TLS where it is begun in the session, login, and everything else in one write.
@Loop
struct LoginSequence {
  let connection: IMAPConnection
  let settings: IMAPSettings
  /// From an earlier connection to the same server; then it is not asked again.
  let naming: MailboxNaming?
  /// Whether the folders are wanted next, and may come in the same round trip as all else.
  let wantsFolders: Bool

  struct Outcome {
    let features: ServerFeatures
    /// Asked for and answered; nil where it could not be asked for yet, or was refused.
    let folders: MailboxListing?
  }

  func run() async throws(LoginFailure) -> Outcome {
    let greeting: Greeting = try await guarded { () async throws(StoreError) in try await connection.greeting() }
    try await secureAndLogIn(greeting)
    // What is asked for then may take its time, as the names and states of many folders do.
    connection.loginEnded()
    return try await settle()
  }

  private func secureAndLogIn(_ greeting: Greeting) async throws(LoginFailure) {
    switch greeting.kind {
    case .bye:
      throw LoginFailure(
        failure(.unavailable, "the server closed the connection: \(printable(greeting.text.text))"),
        isLimit: saysLimit(greeting.text))
    case .preauth:
      // Whoever is in between could say PREAUTH to keep us from TLS.
      if settings.wantsStartTLS {
        throw LoginFailure(failure(.untrusted, "logged in before STARTTLS; someone may be tampering"))
      }
    case .ok:
      if settings.wantsStartTLS { try await startTLS() }
      try await logIn()
    }
  }

  // MARK: TLS and login

  private func startTLS() async throws(LoginFailure) {
    if connection.capabilities.isKnown, !connection.capabilities.contains(.startTLS) {
      throw LoginFailure(failure(.untrusted, "the server does not offer STARTTLS"))
    }
    let answer = try await ask(.startTLS)
    guard answer.isOK else {
      throw LoginFailure(failure(.untrusted, "STARTTLS was refused: \(printable(answer.text))"))
    }
    try await guarded { () async throws(StoreError) in try await connection.isSecured() }
  }

  private func logIn() async throws(LoginFailure) {
    // Law L13: before the password is even asked for.
    guard connection.isConfidential || settings.allowsPlaintext else {
      throw LoginFailure(failure(.refusedLogin, "the connection is not encrypted, so the password is not sent"))
    }
    guard let source = settings.password else {
      throw LoginFailure(failure(.refusedLogin, "the server asks for a login, and no password is configured"))
    }
    if !connection.capabilities.isKnown { _ = try await ask(.capability) }
    let password = try await guarded { () async throws(StoreError) in try await source() }
    guard let credentials = Credentials(user: settings.user, password: password) else {
      throw LoginFailure(failure(.refusedLogin, "IMAP cannot carry this user name or password"))
    }
    let answer = try await ask(try loginCommand(credentials))
    guard !answer.isOK else { return }
    // Where the server repeats the password, the session has hidden it (law L13).
    let text = "login as \(printable(settings.user)) failed: \(printable(answer.text))"
    // RFC 5530 §3: where the server says why, its words do not count.
    let isLimit =
      isTemporary(answer) || (answer.code == nil || answer.code == .alert) && mentionsConnections(answer.text)
    throw LoginFailure(failure(isLimit ? .unavailable : .refusedLogin, text), isLimit: isLimit)
  }

  private func loginCommand(_ credentials: Credentials) throws(LoginFailure) -> Command {
    if connection.capabilities.contains(.authPlain) { return .authenticatePlain(credentials) }
    if connection.capabilities.contains(.loginDisabled) {
      throw LoginFailure(failure(.refusedLogin, "the server offers no login that is supported here"))
    }
    return .login(credentials)
  }

  // MARK: After login

  private func settle() async throws(LoginFailure) -> Outcome {
    if !connection.capabilities.isKnown { _ = try await ask(.capability) }
    let capabilities = connection.capabilities
    var enabled: Set<Capability> = []
    var namespaces: NamespaceResponse?
    var answers: [CommandAnswer] = []
    // Before the first SELECT: 163.com refuses SELECT from the nameless.
    if capabilities.contains(.id) { answers.append(connection.send(.id(identification))) }
    let wanted = ServerFeatures.enabling(capabilities, host: settings.hostName)
    if !wanted.isEmpty {
      answers.append(
        connection.send(.enable(wanted)) { untagged in
          guard case .enabled(let list) = untagged else { return false }
          enabled.formUnion(list.filter(wanted.contains))
          return true
        })
    }
    var delimiter: UInt8?
    let question = answers.count
    if naming == nil {
      answers.append(
        askForNames(capabilities) {
          namespaces = $0
        } delimiter: {
          delimiter = $0
        })
    }
    let folders = wantsFolders ? listing(capabilities, enabling: wanted) : nil
    if let folders { answers.append(folders.ask(on: connection)) }
    // Whichever of these is refused, we do without, but for how names are built.
    var completions: [Completion] = []
    for answer in answers {
      completions.append(try await guarded { () async throws(StoreError) in try await answer.completion() })
    }
    if self.naming == nil {
      var answer = completions[question]
      if capabilities.contains(.namespace), answer.status != .no, namespaces?.personal.first?.delimiter == nil {
        let asked = sendForDelimiter { delimiter = $0 }
        answer = try await guarded { () async throws(StoreError) in try await asked.completion() }
      }
      try requireNames(answer)
    }
    let naming = self.naming ?? Self.naming(namespaces, delimiter: delimiter, capabilities)
    let features = ServerFeatures(
      capabilities: capabilities, enabled: enabled, naming: naming, host: settings.hostName)
    return Outcome(features: features, folders: completions.last?.isOK == true ? folders : nil)
  }

  /// Where names and states come in one answer, and nothing must be known before it is asked for: what is enabled by the
  /// line before it counts already (RFC 5161 §3.1), or the server refuses and is asked anew.
  private func listing(_ capabilities: Capabilities, enabling wanted: [Capability]) -> MailboxListing? {
    let expected = ServerFeatures(
      capabilities: capabilities, enabled: Set(wanted), naming: Self.naming(nil, delimiter: nil, capabilities),
      host: settings.hostName)
    guard expected.listsStatus, capabilities.contains(.namespace) else { return nil }
    return MailboxListing(expected)
  }

  private func askForNames(
    _ capabilities: Capabilities, namespaces: @escaping (NamespaceResponse) -> Void,
    delimiter: @escaping (UInt8?) -> Void
  ) -> CommandAnswer {
    guard capabilities.contains(.namespace) else { return sendForDelimiter(delimiter) }
    return connection.send(.namespace) { untagged in
      guard case .namespace(let response) = untagged else { return false }
      namespaces(response)
      return true
    }
  }

  /// RFC 9051 §6.3.9: an empty pattern asks for the delimiter.
  private func sendForDelimiter(_ told: @escaping (UInt8?) -> Void) -> CommandAnswer {
    connection.send(.list(reference: .empty, pattern: .empty, returning: .none)) { untagged in
      guard case .list(let line) = untagged else { return false }
      told(line.delimiter)
      return true
    }
  }

  /// From a server that does not tell it now each path would be taken for one name, or its prefix for a folder, and every
  /// folder be made anew under a name that nobody gave it.
  private func requireNames(_ answer: Completion) throws(LoginFailure) {
    guard !answer.isOK else { return }
    throw LoginFailure(
      failure(.unavailable, "the server does not tell how names are built: \(printable(answer.text))"))
  }

  private static func naming(
    _ namespaces: NamespaceResponse?, delimiter: UInt8?, _ capabilities: Capabilities
  ) -> MailboxNaming {
    let personal = namespaces?.personal.first
    return MailboxNaming(
      delimiter: personal?.delimiter ?? delimiter, prefix: personal?.prefix.bytes ?? [],
      encoding: capabilities.usesUTF8Names ? .utf8 : .modifiedUTF7)
  }

  private var identification: [IDField] {
    var fields = [IDField(name: "name", value: settings.clientName)]
    if !settings.clientVersion.isEmpty { fields.append(IDField(name: "version", value: settings.clientVersion)) }
    return fields
  }

  // MARK: Failures

  private func ask(_ command: Command) async throws(LoginFailure) -> Completion {
    try await guarded { () async throws(StoreError) in try await connection.run(command) }
  }

  /// A connection that ends while we log in: perhaps one too many, if its last words said so.
  private func guarded<Value>(_ body: () async throws(StoreError) -> Value) async throws(LoginFailure) -> Value {
    do {
      return try await body()
    } catch {
      throw LoginFailure(error, isLimit: saysLimit(connection.lastWords))
    }
  }

  private func failure(_ kind: StoreError.Kind, _ text: String) -> StoreError {
    StoreError(.account, kind, "\(connection.title): \(text)")
  }

  /// RFC 5530 §3: not the password's fault.
  private func isTemporary(_ answer: Completion) -> Bool {
    switch answer.code {
    case .unavailable, .limit, .inUse, .serverBug, .throttled: true
    default: false
    }
  }

  private func saysLimit(_ text: ResponseText?) -> Bool {
    guard let text else { return false }
    if text.code == .limit || text.code == .unavailable { return true }
    return mentionsConnections(text.text)
  }

  /// Servers that tell it in words alone.
  private func mentionsConnections(_ text: String) -> Bool {
    let text = text.lowercased()
    guard text.contains("connection") || text.contains("session") || text.contains("simultaneous") else { return false }
    return text.contains("too many") || text.contains("maximum") || text.contains("simultaneous")
  }
}
