import Mail
import Support

/// The two hands of a test: it changes the server as another client does, and the Maildir as a mail reader does, and
/// notes what must come of it.
actor BothSides {
  let installation: Installation
  let client: MailClient
  private(set) var expected: ExpectedMail
  /// All that the test made, in order.
  private(set) var mails: [SampleMail] = []
  private var lastNumber = 0

  init(_ installation: Installation, _ client: MailClient, folders: [FolderName] = [.inbox]) {
    self.installation = installation
    self.client = client
    expected = ExpectedMail(folders)
  }

  /// The same account, with another connection to its server.
  init(_ other: BothSides, _ client: MailClient) async {
    self.init(other.installation, client)
    (expected, mails, lastNumber) = await other.state
  }

  private var state: (ExpectedMail, [SampleMail], Int) { (expected, mails, lastNumber) }

  /// A message that was not there before.
  func nextMail() -> SampleMail {
    lastNumber += 1
    let mail = SampleMail(seed: 7, number: lastNumber, size: 600)
    mails.append(mail)
    return mail
  }

  func expect(_ change: (inout ExpectedMail) -> Void) { change(&expected) }

  // MARK: On the server

  func createOnServer(_ folder: FolderName) async throws {
    try await client.create(folder)
    expected.add(folder)
  }

  @discardableResult
  func append(_ count: Int, to folder: FolderName = .inbox) async throws -> [SampleMail] {
    let mails = (0..<count).map { _ in nextMail() }
    try await client.append(contentsOf: mails.map(\.draft), to: folder)
    for mail in mails { expected.add(mail.bytes, to: folder, flags: mail.flags) }
    return mails
  }

  func storeOnServer(
    _ change: MailClient.FlagChange, _ flags: FlagSet, _ mail: SampleMail, in folder: FolderName = .inbox
  ) async throws {
    try await client.store(change, flags, on: try await uid(of: mail, in: folder), in: folder)
    expected.change(mail.bytes, in: folder) { old in
      switch change {
      case .add: old = old.union(flags)
      case .remove: old = old.subtracting(flags)
      case .replace: old = flags
      }
    }
  }

  /// One STORE, for many in INBOX, where they are numbered as they were appended: 1 is the first.
  func add(_ flags: FlagSet, to mails: ArraySlice<SampleMail>) async throws {
    let uids = UIDSet(mails.indices.compactMap { UID(rawValue: UInt32($0 + 1)) })
    try await client.store(.add, flags, on: uids)
    for mail in mails { expected.change(mail.bytes, in: .inbox) { $0 = $0.union(flags) } }
  }

  func expunge(_ mail: SampleMail, in folder: FolderName = .inbox) async throws {
    try await client.expunge(try await uid(of: mail, in: folder), in: folder)
    expected.remove(mail.bytes, from: folder)
  }

  func moveOnServer(_ mail: SampleMail, from source: FolderName = .inbox, to target: FolderName) async throws {
    try await client.move(try await uid(of: mail, in: source), from: source, to: target)
    expected.move(mail.bytes, from: source, to: target)
  }

  func uid(of mail: SampleMail, in folder: FolderName = .inbox) async throws -> UIDSet {
    try await client.select(folder)
    let reply = try await client.command("UID SEARCH HEADER Message-ID \"\(mail.messageID)\"")
    let found = reply.untagged.filter { $0.hasPrefix("* SEARCH ") }.flatMap { $0.split(separator: " ").dropFirst(2) }
    let uids = found.compactMap { UInt32($0) }.compactMap(UID.init(rawValue:))
    guard uids.count == 1 else { throw SupportError("\(folder): \(uids.count) messages \(mail.messageID)") }
    return UIDSet(uids)
  }

  // MARK: In the Maildir

  func makeInMaildir(_ folder: FolderName) throws {
    try installation.maildirFolder(folder).make()
    expected.add(folder)
  }

  @discardableResult
  func deliver(_ count: Int, to folder: FolderName = .inbox) throws -> [SampleMail] {
    try (0..<count).map { _ in
      let mail = nextMail()
      try installation.maildirFolder(folder).deliver(mail.bytes, date: mail.date)
      expected.add(mail.bytes, to: folder)
      return mail
    }
  }

  /// All written to `tmp` before the first is renamed.
  func deliverBatch(_ count: Int, to folder: FolderName = .inbox) throws {
    let mails = (0..<count).map { _ in nextMail() }
    try installation.maildirFolder(folder).deliver(contentsOf: mails.map { ($0.bytes, $0.date) })
    for mail in mails { expected.add(mail.bytes, to: folder) }
  }

  /// System flags only.
  func setInMaildir(_ flags: SystemFlags, _ mail: SampleMail, in folder: FolderName = .inbox) throws {
    try set(flags, try entry(of: mail, in: folder), mail, in: folder)
  }

  private func set(
    _ flags: SystemFlags, _ entry: MaildirTree.Entry, _ mail: SampleMail, in folder: FolderName
  ) throws {
    let keywords = entry.flags.keywords
    let system = SystemFlags.names.map(\.flag).filter(flags.contains).map(Self.letter(of:))
    let kept = entry.letters.filter { !"DFRST".contains($0) }
    try installation.maildirFolder(folder).setLetters(String(system) + kept, of: entry.unique)
    expected.change(mail.bytes, in: folder) { $0 = FlagSet(flags, keywords: keywords) }
  }

  /// Many in INBOX, each by a rename.
  func setInMaildir(_ flags: SystemFlags, _ mails: ArraySlice<SampleMail>) throws {
    let tree = try MaildirTree(reading: installation.maildir, layout: installation.watch.layout)
    let entries = Dictionary(try tree[.inbox].map { (try $0.bytes(), $0) }) { first, _ in first }
    for mail in mails {
      guard let entry = entries[mail.bytes.lineFeedForm] else { throw SupportError("no file of \(mail.messageID)") }
      try set(flags, entry, mail, in: .inbox)
    }
  }

  func addInMaildir(_ keyword: Keyword, _ mail: SampleMail, in folder: FolderName = .inbox) throws {
    try installation.maildirFolder(folder).add(keyword, to: try entry(of: mail, in: folder).unique)
    expected.change(mail.bytes, in: folder) { $0.insert(keyword) }
  }

  func unlink(_ mail: SampleMail, in folder: FolderName = .inbox) throws {
    try installation.maildirFolder(folder).unlink(try entry(of: mail, in: folder).unique)
    expected.remove(mail.bytes, from: folder)
  }

  func moveInMaildir(_ mail: SampleMail, from source: FolderName = .inbox, to target: FolderName) throws {
    let unique = try entry(of: mail, in: source).unique
    try installation.maildirFolder(source).move(unique, to: installation.maildirFolder(target))
    expected.move(mail.bytes, from: source, to: target)
  }

  func entry(of mail: SampleMail, in folder: FolderName = .inbox) throws -> MaildirTree.Entry {
    let wanted = mail.bytes.lineFeedForm
    let tree = try MaildirTree(reading: installation.maildir, layout: installation.watch.layout)
    guard let entry = try tree[folder].first(where: { try $0.bytes() == wanted }) else {
      throw SupportError("\(folder): no file of \(mail.messageID)")
    }
    return entry
  }

  private static func letter(of flag: SystemFlags) -> Character {
    switch flag {
    case .draft: "D"
    case .flagged: "F"
    case .answered: "R"
    case .seen: "S"
    default: "T"
    }
  }

  // MARK: Comparing

  /// Waits until the Maildir is as the server, which is as expected. Pushes must bring it there by themselves.
  func settle(within limit: Duration = .seconds(30)) async throws {
    let expected = expected
    // Before any is read: the connection would be lost with one that martlet is just renaming. And Dovecot 2.3 may take a
    // while until a session that others changed folders for lists them.
    try await client.waitForFolders(Set(expected.folders.keys), within: limit)
    do {
      try await installation.watch.wait(within: limit) { expected.differences(from: $0).isEmpty }
    } catch {
      throw SupportError("Maildir: \(try await differences())\n\(error)")
    }
    try await installation.watch.waitUntilEqual(to: client, within: limit)
    let differences = try await differences()
    guard differences.isEmpty else { throw SupportError(differences.joined(separator: "\n")) }
  }

  /// How many messages the server's INBOX has.
  func count() async throws -> Int { try await client.status().messages }

  /// Whether both sides are as expected. Looked at while martlet works, at no cost for the connection.
  func areSettled() async throws -> Bool {
    let folders = Set(expected.folders.keys)
    guard try await client.folders(besides: folders) == folders else { return false }
    return try await differences().isEmpty
  }

  /// How either side differs from what is expected, and from the other.
  func differences() async throws -> [String] {
    let server = expected.differences(from: try await client.tree()).map { "server: " + $0 }
    let maildir = expected.differences(from: try await installation.watch.tree()).map { "Maildir: " + $0 }
    let comparison = try await Comparison(client, installation.maildir, layout: installation.watch.layout)
    return server + maildir + comparison.differences
  }
}
