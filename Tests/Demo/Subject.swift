import Mail
import Support

/// A message that is on both sides, chosen for a step.
struct Subject: Sendable {
  let folder: FolderName
  let uid: UID
  let messageID: String
  let flags: FlagSet
  /// The unique name of its file.
  let unique: String
  let letters: String
  /// The number of its file on the file system.
  let fileNumber: Int?

  /// The first message of the folder whose flags fit and that no step has had yet.
  static func pick(
    on stage: Stage, in folder: FolderName = .inbox, where fits: (FlagSet) -> Bool = { _ in true }
  ) async throws -> Subject {
    let remote = stage.remote
    for (uid, flags) in try await remote.flags(in: folder).sorted(by: { $0.key < $1.key }) where fits(flags) {
      let head = try await remote.message(uid, in: folder).bytes.prefix(Letter.headMax)
      guard let messageID = Letter.messageID(in: head), stage.claim(messageID) else { continue }
      return try await Subject(uid: uid, flags: flags, messageID: messageID, in: folder, on: stage)
    }
    throw DemoFailure("no message of \(folder) fits this step")
  }

  private init(uid: UID, flags: FlagSet, messageID: String, in folder: FolderName, on stage: Stage) async throws {
    let entry = try await stage.maildir.entry(with: messageID, in: folder)
    self.folder = folder
    self.uid = uid
    self.flags = flags
    self.messageID = messageID
    unique = entry.unique
    letters = entry.letters
    fileNumber = try MaildirSide.fileNumber(of: entry.path)
  }
}
