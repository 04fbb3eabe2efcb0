import Glibc
import Mail
import Support

/// Sees one folder of the server by asking, as a second mail client would: it is connected, has the folder selected,
/// and asks again and again. For one thread.
final class ServerEye {
  struct Message {
    let uid: UInt32
    let messageID: String
    let flags: Set<String>
  }

  /// The pause between two questions.
  static let interval: Int32 = 2

  private let wire: Wire
  /// As many messages as the last answer told.
  private(set) var exists = 0
  private var messageIDs: [UInt32: String] = [:]

  init(_ folder: FolderName, on server: any MailServer, as user: String) throws {
    wire = try Wire.loggedIn(to: server, as: user)
    note(try wire.run("SELECT \"\(folder)\""))
  }

  /// Asks `isReached` every 2 ms; the moment after the answer that says so, or nil where none does in time.
  static func wait(
    within limit: Duration, until isReached: () throws -> Bool
  ) rethrows -> ContinuousClock.Instant? {
    let deadline = Deadline(in: limit)
    while !deadline.hasPassed {
      if try isReached() { return ContinuousClock.now }
      poll(nil, 0, interval)
    }
    return nil
  }

  /// How many messages there are now.
  func count() throws -> Int {
    note(try wire.run("NOOP"))
    return exists
  }

  /// The flags of a message as they are now; nil where it is gone.
  func flags(of uid: UInt32) throws -> Set<String>? {
    let responses = try wire.run("NOOP", "UID FETCH \(uid) (UID FLAGS)")
    note(responses)
    return responses.lazy.compactMap { FetchLine($0.text) }.last { $0.uid == uid }?.flags.map(Set.init)
  }

  /// All messages, ascending by UID. Message-IDs are asked for once.
  func messages() throws -> [Message] {
    let responses = try wire.run("NOOP", "UID FETCH 1:* (UID FLAGS)")
    note(responses)
    var flags: [UInt32: Set<String>] = [:]
    for line in responses.lazy.compactMap({ FetchLine($0.text) }) {
      if let uid = line.uid { flags[uid] = Set(line.flags ?? []) }
    }
    if let first = flags.keys.filter({ messageIDs[$0] == nil }).min() { try learnMessageIDs(from: first) }
    return flags.keys.sorted().compactMap { uid in
      messageIDs[uid].map { Message(uid: uid, messageID: $0, flags: flags[uid] ?? []) }
    }
  }

  private func learnMessageIDs(from uid: UInt32) throws {
    for response in try wire.run("UID FETCH \(uid):* (UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])") {
      guard let uid = FetchLine(response.text)?.uid, let field = response.literal else { continue }
      messageIDs[uid] = MessageHead.messageID(in: field)
    }
  }

  private func note(_ responses: [Wire.Response]) {
    for response in responses {
      let words = response.text.split(separator: " ")
      guard words.count == 3, words[0] == "*", let number = Int(words[1]) else { continue }
      if words[2] == "EXISTS" { exists = number }
      if words[2] == "EXPUNGE" { exists -= 1 }
    }
  }
}
