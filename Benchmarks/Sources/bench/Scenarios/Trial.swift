import CLinux
import Glibc
import Mail
import Support

/// Changes one program's account on either side, and measures until the other side shows it.
///
/// An actor with a thread of its own, because it blocks: the thread that makes a change is the one that looks for its
/// effect, so that nothing but the effect lies between.
actor Trial {
  /// Longer than this is a miss.
  static let limit = Duration.seconds(10)
  private static let messageSize = 4_000
  private static let attemptsMax = 3

  private let thread: DedicatedThread
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

  private let account: Account
  private let target: FolderName
  private let writer: Wire
  private let inboxOnServer: ServerEye
  private let targetOnServer: ServerEye
  private let maildir: MaildirEye
  private var inbox: Inventory
  private var dice: Dice
  private var lastNumber = 1_000_000

  /// Both sides must be in sync.
  init(_ account: Account, seed: UInt64) throws {
    thread = DedicatedThread(name: "trial of \(account.user)")
    self.account = account
    target = account.folders[1]
    writer = try Wire.loggedIn(to: account.server, as: account.user, then: ["SELECT INBOX"])
    inboxOnServer = try ServerEye(.inbox, on: account.server, as: account.user)
    targetOnServer = try ServerEye(target, on: account.server, as: account.user)
    maildir = try MaildirEye([account.path(of: .inbox), account.path(of: target)])
    inbox = Inventory(of: account.path(of: .inbox))
    dice = Dice(seed: seed)
  }

  // MARK: On the server

  /// From just before the command until the Maildir shows it; nil where it does not in time.
  func measure(_ change: ServerChange) async throws -> Duration? {
    switch change {
    case .append: try append()
    case .lmtp: try await deliver()
    case .flag: try flagOnServer()
    case .expunge:
      try remove { "UID STORE \($0) +FLAGS.SILENT (\\Deleted)|UID EXPUNGE \($0)" }
    case .move: try remove(comesTo: target) { "UID MOVE \($0) \"\(self.target)\"" }
    }
  }

  private func append() throws -> Duration? {
    let mail = newMail()
    let bytes = mail.bytes
    try maildir.clear()
    let start = ContinuousClock.now
    let tag = try writer.sendAppend(bytes, to: .inbox)
    let seen = try arrival(of: mail, least: bytes.lineFeedForm.count)
    try writer.finish(tag)
    return seen.map { $0 - start }
  }

  private func deliver() async throws -> Duration? {
    let mail = newMail()
    let bytes = mail.bytes
    let (server, user) = (account.server, account.user)
    try maildir.clear()
    let start = ContinuousClock.now
    let delivery = Task.detached { try await server.deliver(bytes, to: user) }
    let seen = try arrival(of: mail, least: bytes.lineFeedForm.count)
    try await delivery.value
    return seen.map { $0 - start }
  }

  private func arrival(of mail: SampleMail, least: Int) throws -> ContinuousClock.Instant? {
    let folder = account.path(of: .inbox)
    return try maildir.wait(within: Self.limit) { events in
      try events.contains { event in
        try event.appeared && event.path.hasPrefix(folder) && Self.size(of: event.path) >= least
          && MessageHead.messageID(ofFile: event.path) == mail.messageID
      }
    }
  }

  private func flagOnServer() throws -> Duration? {
    let (message, path) = try subject()
    let unique = Inventory.unique(of: Self.name(of: path))
    try maildir.clear()
    let start = ContinuousClock.now
    let tag = try writer.send(["UID STORE \(message.uid) +FLAGS.SILENT (\\Flagged)"])
    let seen = try maildir.wait(within: Self.limit) { events in
      events.contains {
        $0.appeared && Inventory.unique(of: Self.name(of: $0.path)) == unique
          && Inventory.letters(of: $0.path).contains("F")
      }
    }
    try writer.finish(tag)
    return seen.map { $0 - start }
  }

  /// Takes a message out of INBOX by `commands` on its UID, parted by `|`, of which the last does it. Where the server
  /// says OK and leaves it, that is no change, and another one is taken.
  private func remove(comesTo target: FolderName? = nil, _ commands: (UInt32) -> String) throws -> Duration? {
    for _ in 0..<Self.attemptsMax {
      let removal = try removeOnce(comesTo: target, commands)
      if removal.isDone { return removal.latency }
    }
    throw BenchError("\(account.user): the server leaves what it is to expunge, \(Self.attemptsMax) times in a row")
  }

  private func removeOnce(
    comesTo target: FolderName?, _ commands: (UInt32) -> String
  ) throws -> (latency: Duration?, isDone: Bool) {
    let (message, path) = try subject()
    let unique = Inventory.unique(of: Self.name(of: path))
    let (source, goal) = (account.path(of: .inbox) + "/", target.map { account.path(of: $0) + "/" })
    // The name that the file has now: between \Deleted and the expunge, a program may rename it.
    var names: Set<String> = [path]
    var isThere = goal == nil
    try catchUp()
    try maildir.clear()
    let steps = commands(message.uid).split(separator: "|").map(String.init)
    // Dovecot may not see for EXPUNGE what a STORE in the same write has marked.
    for step in steps.dropLast() { try writer.run(step) }
    let start = ContinuousClock.now
    let tag = try writer.send(steps.suffix(1))
    let seen = try maildir.wait(within: Self.limit) { events in
      for event in events {
        if event.path.hasPrefix(source), Inventory.unique(of: Self.name(of: event.path)) == unique {
          if event.appeared { names.insert(event.path) } else { names.remove(event.path) }
        } else if let goal, event.appeared, event.path.hasPrefix(goal) {
          if try MessageHead.messageID(ofFile: event.path) == message.messageID { isThere = true }
        }
      }
      return names.isEmpty && isThere
    }
    try writer.finish(tag)
    guard let seen else { return (nil, try inboxOnServer.flags(of: message.uid) == nil) }
    return (seen - start, true)
  }

  // MARK: In the Maildir

  /// From just before the rename, link or unlink until a second client, asking every 2 ms, sees it.
  func measure(_ change: MaildirChange) throws -> Duration? {
    switch change {
    case .file: try file()
    case .linked: try link()
    case .flag:
      try changeFile(until: { try inboxOnServer.flags(of: $0)?.contains("\\Flagged") == true }) { path in
        let letters = String((Inventory.letters(of: path) + "F").sorted())
        return "cur/\(Inventory.unique(of: Self.name(of: path))):2,\(letters)"
      }
    case .unlink:
      try changeFile(until: { try inboxOnServer.flags(of: $0) == nil }) { _ in nil }
    case .move: try moveFile()
    }
  }

  private func file() throws -> Duration? {
    let (source, unique) = try draft()
    let count = try inboxOnServer.count()
    let start = ContinuousClock.now
    try MaildirWriter.rename(source, to: "\(inbox.folder)/new/\(unique)")
    return try ServerEye.wait(within: Self.limit) { try inboxOnServer.count() > count }.map { $0 - start }
  }

  /// As neomutt files a sent message: link, unlink, and only then the date.
  private func link() throws -> Duration? {
    let (source, unique) = try draft()
    let place = "\(inbox.folder)/cur/\(unique):2,S"
    let count = try inboxOnServer.count()
    let start = ContinuousClock.now
    guard unsafe Glibc.link(source, place) == 0 else { throw BenchError.system("linking \(place)") }
    try MaildirWriter.unlink(source)
    let date = timespec(tv_sec: 1_600_000_000 + lastNumber, tv_nsec: 0)
    guard unsafe utimensat(AT_FDCWD, place, [date, date], 0) == 0 else { throw BenchError.system("dating \(place)") }
    return try ServerEye.wait(within: Self.limit) { try inboxOnServer.count() > count }.map { $0 - start }
  }

  /// Renames a file within its folder, or unlinks it where `newName` gives none.
  private func changeFile(until isReached: (UInt32) throws -> Bool, _ newName: (String) -> String?) throws -> Duration?
  {
    let (message, path) = try subject()
    let start = ContinuousClock.now
    if let name = newName(path) {
      try MaildirWriter.rename(path, to: "\(inbox.folder)/\(name)")
    } else {
      try MaildirWriter.unlink(path)
    }
    return try ServerEye.wait(within: Self.limit) { try isReached(message.uid) }.map { $0 - start }
  }

  private func moveFile() throws -> Duration? {
    let (message, path) = try subject()
    // Without mbsync's and OfflineIMAP's own mark of the UID, as their manuals ask for.
    let name = Self.name(of: path)
    let plain = Inventory.unique(of: name).prefix { $0 != "," } + name.drop { $0 != ":" }
    let directory = path.contains("/new/") ? "new" : "cur"
    let count = try targetOnServer.count()
    let start = ContinuousClock.now
    try MaildirWriter.rename(path, to: "\(account.path(of: target))/\(directory)/\(plain)")
    return try ServerEye.wait(within: Self.limit) {
      try targetOnServer.count() > count && inboxOnServer.flags(of: message.uid) == nil
    }.map { $0 - start }
  }

  // MARK: The floor upward

  /// The same changes by bare commands on a connection that has INBOX selected, until the second client sees them.
  func measureBare(_ change: MaildirChange) throws -> Duration? {
    switch change {
    case .file, .linked:
      let bytes = newMail().bytes
      let count = try inboxOnServer.count()
      return try bare(try writer.sendAppend(bytes, to: .inbox)) { try inboxOnServer.count() > count }
    case .flag:
      let uid = try subject().message.uid
      return try bare(try writer.send(["UID STORE \(uid) +FLAGS.SILENT (\\Flagged)"])) {
        try inboxOnServer.flags(of: uid)?.contains("\\Flagged") == true
      }
    case .unlink:
      let uid = try subject().message.uid
      return try bare(try writer.send(["UID STORE \(uid) +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE \(uid)"])) {
        try inboxOnServer.flags(of: uid) == nil
      }
    case .move:
      let uid = try subject().message.uid
      let count = try targetOnServer.count()
      return try bare(try writer.send(["UID MOVE \(uid) \"\(target)\""])) {
        try targetOnServer.count() > count && inboxOnServer.flags(of: uid) == nil
      }
    }
  }

  private func bare(_ send: @autoclosure () throws -> String, until isReached: () throws -> Bool) throws -> Duration? {
    try catchUp()
    let start = ContinuousClock.now
    let tag = try send()
    let seen = try ServerEye.wait(within: Self.limit, until: isReached)
    try writer.finish(tag)
    return seen.map { $0 - start }
  }

  // MARK: Subjects

  private func newMail() -> SampleMail {
    lastNumber += 1
    return SampleMail(number: lastNumber, kind: .plain, size: Self.messageSize)
  }

  /// A new message, whole in `tmp/`, and the unique name it is to have.
  private func draft() throws -> (source: String, unique: String) {
    let unique = "\(time(nil)).Q\(lastNumber).other-program"
    let source = "\(inbox.folder)/tmp/\(unique)"
    try MaildirWriter.write(newMail().bytes.lineFeedForm, to: source, secondsSince1970: nil, synced: false)
    return (source, unique)
  }

  /// A message of INBOX that both sides have, and that is not flagged on either.
  private func subject() throws -> (message: ServerEye.Message, path: String) {
    try inbox.refresh()
    let common = try inboxOnServer.messages().compactMap { message in
      inbox.paths[message.messageID].map { (message: message, path: $0) }
    }.filter { !$0.message.flags.contains("\\Flagged") && !Inventory.letters(of: $0.path).contains("F") }
    guard !common.isEmpty else { throw BenchError("\(account.user): no message is left to change") }
    return common[dice.below(common.count)]
  }

  /// The writer sees the mailbox as it is: Dovecot answers OK to an expunge in a view that is behind, and expunges
  /// nothing. It may do so all the same.
  private func catchUp() throws { try writer.finish(try writer.send(["NOOP"])) }

  private static func name(of path: String) -> Substring {
    path[(path.lastIndex(of: "/") ?? path.startIndex)...].dropFirst()
  }

  private static func size(of path: String) -> Int {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int(status.st_size) : -1
  }
}
