import Glibc
import Mail
import Support

/// The simplest possible client of one folder: in IDLE, and on EXISTS one write of DONE, the FETCH and the next IDLE.
struct FloorFolder {
  let folder: FolderName
  let wire: Wire
  private var nextUID: UInt32 = 1
  /// True from the write of a FETCH until the `+` of the IDLE behind it.
  private var isFetching = false
  /// True where mail was told of while a FETCH was on its way.
  private var hasMissed = false

  private static let items = "UID FLAGS INTERNALDATE BODY.PEEK[]"

  /// Logs in, takes all that is there, and begins to idle.
  init(_ folder: FolderName, on server: any MailServer, as user: String, into sink: any FloorSink) throws {
    self.folder = folder
    wire = try Wire.loggedIn(to: server, as: user, then: ["ENABLE QRESYNC", "SELECT \"\(folder)\""])
    for response in try wire.run("UID FETCH 1:* (\(Self.items))") { try handle(response, sink) }
    try startIdling()
  }

  /// Deals with all that can be read, which is at least one byte.
  mutating func turn(_ sink: any FloorSink) throws {
    try wire.receive()
    var isNew = false
    while let response = wire.take() {
      if response.text.hasPrefix("+") { isFetching = false }
      if try handle(response, sink) { isNew = true }
    }
    // What comes while a FETCH runs is looked for when that is over.
    if isNew || hasMissed, isFetching {
      hasMissed = true
    } else if isNew || hasMissed {
      hasMissed = false
      try fetchNew()
    }
  }

  private mutating func fetchNew() throws {
    let (fetch, idle) = (wire.tag(), wire.tag())
    isFetching = true
    try wire.write(Array("DONE\r\n\(fetch) UID FETCH \(nextUID):* (\(Self.items))\r\n\(idle) IDLE\r\n".utf8))
  }

  private mutating func startIdling() throws {
    try wire.send(["IDLE"])
    while try !wire.response().text.hasPrefix("+") {}
  }

  /// True where there is mail that was not fetched.
  @discardableResult
  private mutating func handle(_ response: Wire.Response, _ sink: any FloorSink) throws -> Bool {
    let text = response.text
    if let fetch = FetchLine(text), let uid = fetch.uid {
      if let message = response.literal, uid >= nextUID {
        nextUID = uid + 1
        try sink.add(message, fetch, uid: uid, in: folder)
      } else if response.literal == nil, fetch.flags != nil {
        try sink.setFlags(fetch, of: uid, in: folder)
      }
    } else if text.hasPrefix("* VANISHED "), let set = text.split(separator: " ").last {
      for uid in Self.numbers(in: set) { try sink.remove(uid, in: folder) }
    } else if text.hasSuffix(" EXISTS") {
      return true
    } else if text.hasPrefix("t"), text.split(separator: " ").dropFirst().first != "OK" {
      throw BenchError("\(folder): the server said to the floor: \(printable(text))")
    }
    return false
  }

  private static func numbers(in set: Substring) -> [UInt32] {
    set.split(separator: ",").flatMap { range -> [UInt32] in
      let ends = range.split(separator: ":").compactMap { UInt32($0) }
      guard let first = ends.first, let last = ends.last else { return [] }
      return Array(min(first, last)...max(first, last))
    }
  }
}
