import Mail
import Support

/// One user on a private server, with a Maildir and a scratch folder for the one program that syncs the two.
struct Account: Sendable {
  let server: any MailServer
  let user: String
  let folders: [FolderName]
  /// Configuration, state, logs and the Maildir.
  let scratch: TemporaryDirectory
  let root: String

  init(_ server: any MailServer, user: String, folders: [FolderName]) throws {
    self.server = server
    self.user = user
    self.folders = folders
    scratch = try TemporaryDirectory("bench-\(user)")
    root = try scratch.makeFolder("mail", mode: 0o700)
  }

  /// INBOX and archives. In ASCII, for mbsync names a folder on disk after its name in modified UTF-7; without a folder
  /// above them, which Dovecot would not list and Cyrus would.
  static func folders(_ count: Int) -> [FolderName] {
    [.inbox]
      + (1..<count).map { number in
        guard let name = FolderName(components: ["Archive-\(2_000 + number)"]) else {
          preconditionFailure("the names above are folder names")
        }
        return name
      }
  }

  func path(of folder: FolderName) -> String { MaildirTree.path(of: folder, below: root) }

  /// Makes the folders on the server and puts sample mail into them.
  func fill(_ corpus: [(folder: FolderName, mail: SampleMail)]) async throws {
    let client = try await server.client(user)
    for folder in folders where !folder.isInbox { try await client.create(folder) }
    for (folder, letters) in Dictionary(grouping: corpus, by: \.folder).sorted(by: { $0.key < $1.key }) {
      // A part at a time: the bytes of all messages together may not fit into memory.
      for start in stride(from: 0, to: letters.count, by: 256) {
        let part = letters[start..<min(start + 256, letters.count)]
        try await client.append(contentsOf: part.map(\.mail.draft), to: folder)
      }
    }
    try await client.logOut()
  }

  /// As many messages in INBOX, and a few in each other folder.
  static func corpus(inbox: Int, folders: [FolderName], seed: UInt64) -> [(folder: FolderName, mail: SampleMail)] {
    let perFolder = 5
    var corpus = (0..<inbox).map { (folder: FolderName.inbox, mail: SampleMail(seed: seed, number: $0)) }
    for (index, folder) in folders.dropFirst().enumerated() {
      corpus += (0..<perFolder).map { (folder, SampleMail(seed: seed, number: 500_000 + index * perFolder + $0)) }
    }
    return corpus
  }

  /// Waits until both sides hold the same mail; where they do not come to, the differences are the error.
  func requireEqual(_ likeness: Likeness, within limit: Duration = .seconds(60)) async throws {
    let client = try await server.client(user)
    let deadline = Deadline(in: limit)
    while let difference = try await likeness.difference(between: client, and: root) {
      guard !deadline.hasPassed else { throw BenchError("\(user): the sides differ:\n\(difference)") }
      try await Task.sleep(for: .milliseconds(300))
    }
    try await client.logOut()
  }
}
