import Foundation
import Mail

/// An IMAP client for tests and benchmarks: small, plain, and independent of martlet's own code.
///
/// It blocks on a thread of its own, with a deadline for every answer, and sends the simplest command for each act.
package actor MailClient {
  /// What a server said to one command.
  package struct Reply: Sendable {
    /// `OK`, `NO` or `BAD`.
    package let status: String
    /// The tagged line behind the status.
    package let text: String
    /// The untagged lines before it, with `{n}` in place of literals.
    package let untagged: [String]
    package var isOK: Bool { status == "OK" }
  }

  /// How long an answer may take.
  package static let answerLimit = Duration.seconds(60)

  package nonisolated let user: String
  private let thread: DedicatedThread
  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

  private let connection: LoopbackConnection
  private var lastTag = 0
  private var farewell: String?
  /// The selected folder.
  private(set) var selected: FolderName?
  /// Between folder levels, as the server said.
  private(set) var delimiter = "/"
  /// After login, as the server said, in capitals.
  package private(set) var capabilities: Set<String> = []

  /// A client that is logged in.
  package static func connect(port: UInt16, user: String, password: String = "pw") async throws -> MailClient {
    let client = try MailClient(port: port, user: user)
    try await client.logIn(password: password)
    return client
  }

  private init(port: UInt16, user: String) throws {
    self.user = user
    thread = DedicatedThread(name: "mail client")
    connection = try LoopbackConnection(port: port)
  }

  private func logIn(password: String) throws {
    _ = try nextResponse(until: Deadline(in: Self.answerLimit))
    try require("LOGIN \(Self.quoted(user)) \(Self.quoted(password))")
    capabilities = Set(
      try require("CAPABILITY").compactMap { response -> [String]? in
        let text = response.text.uppercased()
        return text.hasPrefix("* CAPABILITY ") ? text.dropFirst(13).split(separator: " ").map(String.init) : nil
      }.joined())
    for response in try require("LIST \"\" \"\"") {
      let values = try response.values()
      if values.count > 3, let text = values[3].text { delimiter = text }
    }
  }

  /// Logs out and waits for the server to close.
  package func logOut() throws {
    let deadline = Deadline(in: Self.answerLimit)
    try connection.write(Array("\(tag()) LOGOUT\r\n".utf8), until: deadline)
    while try IMAPResponse(from: connection, until: deadline) != nil {}
  }

  /// Sends any command, as it is written; NO and BAD are answers like another.
  package func command(_ text: String) throws -> Reply {
    let (status, line, untagged) = try exchange([.text(text)])
    return Reply(status: status, text: line, untagged: untagged.map(\.text))
  }

  // MARK: For the commands in the other files

  /// What goes into a command: text, or a literal that waits for the server's go-ahead.
  enum Part {
    case text(String)
    case literal([UInt8])
  }

  /// The untagged responses to a command that must succeed.
  @discardableResult
  func require(_ text: String) throws -> [IMAPResponse] { try require([.text(text)]).untagged }

  func require(_ parts: [Part]) throws -> (text: String, untagged: [IMAPResponse]) {
    let (status, line, untagged) = try exchange(parts)
    guard status == "OK" else {
      guard case .text(let command) = parts[0] else { preconditionFailure("a command begins with text") }
      throw SupportError("\(user): \(printable(command, limit: 120)): \(status) \(line)")
    }
    return (line, untagged)
  }

  private func exchange(_ parts: [Part]) throws -> (status: String, text: String, untagged: [IMAPResponse]) {
    let deadline = Deadline(in: Self.answerLimit)
    let tag = tag()
    var untagged: [IMAPResponse] = []
    var pending = Array("\(tag) ".utf8)
    for part in parts {
      switch part {
      case .text(let text):
        pending += Array(text.utf8)
      case .literal(let bytes):
        try connection.write(pending + Array("{\(bytes.count)}\r\n".utf8), until: deadline)
        if let refusal = try answer(to: tag, collecting: &untagged, orGoAhead: true, until: deadline) {
          return (refusal.status, refusal.text, untagged)
        }
        pending = bytes
      }
    }
    try connection.write(pending + [0x0D, 0x0A], until: deadline)
    guard let final = try answer(to: tag, collecting: &untagged, orGoAhead: false, until: deadline) else {
      throw SupportError("\(user): a '+' that was not asked for")
    }
    return (final.status, final.text, untagged)
  }

  /// The tagged answer, or nil for `+` where that is awaited.
  private func answer(
    to tag: String, collecting untagged: inout [IMAPResponse], orGoAhead: Bool, until deadline: Deadline
  ) throws -> (status: String, text: String)? {
    while true {
      let response = try nextResponse(until: deadline)
      let text = response.text
      if text.hasPrefix("* ") {
        untagged.append(response)
      } else if text.hasPrefix("+"), orGoAhead {
        return nil
      } else if text.hasPrefix(tag + " ") {
        let words = text.dropFirst(tag.count + 1).split(separator: " ", maxSplits: 1)
        return (words.first.map { $0.uppercased() } ?? "", words.count > 1 ? String(words[1]) : "")
      } else {
        throw SupportError("\(user): unexpected answer: \(printable(text))")
      }
    }
  }

  /// The next response; throws where the server closed the connection, with what it said to that.
  func nextResponse(until deadline: Deadline) throws -> IMAPResponse {
    guard let response = try IMAPResponse(from: connection, until: deadline) else {
      throw SupportError("\(user): the server closed the connection: \(farewell ?? "without a BYE")")
    }
    if response.text.hasPrefix("* BYE") { farewell = response.text }
    return response
  }

  func send(_ text: String) throws {
    try connection.write(Array((text + "\r\n").utf8), until: Deadline(in: Self.answerLimit))
  }

  func hasInput(until deadline: Deadline) throws -> Bool { try connection.hasInput(until: deadline) }

  func tag() -> String {
    lastTag += 1
    return "t\(lastTag)"
  }

  /// Selects the folder unless it is selected.
  func ensureSelected(_ folder: FolderName) throws {
    if selected != folder { try select(folder) }
  }

  func noteSelected(_ folder: FolderName?) { selected = folder }

  /// The folder as the server names it, quoted.
  func wireName(_ folder: FolderName) -> String {
    Self.quoted(MailboxNameEncoding.encode(folder.components.joined(separator: delimiter)))
  }

  static func quoted(_ text: String) -> String {
    "\"" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"") + "\""
  }
}
