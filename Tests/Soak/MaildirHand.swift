import Mail
import Support

/// A program that works in the Maildir: a reader, a filter, a shell. It knows its messages by their files' names.
actor MaildirHand: Hand {
  private struct Place: Hashable {
    let message: Int
    let folder: FolderName
  }

  private let root: String
  private var names: [Place: String] = [:]

  init(_ stage: Stage) { root = stage.maildir.root }

  func make(_ mail: SampleMail, in folder: FolderName) throws {
    names[Place(message: mail.number, folder: folder)] = try self.folder(folder).deliver(mail.bytes, date: mail.date)
  }

  func move(_ mail: SampleMail, from source: FolderName, to target: FolderName) throws {
    let name = try name(of: mail, in: source)
    try folder(source).move(name, to: folder(target))
    names[Place(message: mail.number, folder: source)] = nil
    names[Place(message: mail.number, folder: target)] = name
  }

  /// As `cp -p`, under a name of its own.
  func copy(_ mail: SampleMail, from source: FolderName, to target: FolderName) throws {
    _ = try folder(source).path(of: try name(of: mail, in: source))
    try make(mail, in: target)
  }

  func delete(_ mail: SampleMail, from folder: FolderName) throws {
    try self.folder(folder).unlink(try name(of: mail, in: folder))
    names[Place(message: mail.number, folder: folder)] = nil
  }

  func mark(_ mark: Mark, in folder: FolderName) throws {
    do {
      guard let entry = mark.choose(try MaildirTree(reading: root)[folder]) else { return }
      try self.folder(folder).change(mark.flag, isOn: !mark.isOn(entry.flags), of: entry)
    } catch is SupportError {
      // Its file went to another folder or away meanwhile.
    }
  }

  func makeFolder(_ folder: FolderName) throws { try Stage.make(self.folder(folder)) }
  func removeFolder(_ folder: FolderName) throws { try self.folder(folder).remove() }

  private func folder(_ name: FolderName) -> MaildirFolder { MaildirFolder(name, below: root) }

  private func name(of mail: SampleMail, in folder: FolderName) throws -> String {
    guard let name = names[Place(message: mail.number, folder: folder)] else {
      preconditionFailure("\(mail.messageID) was put into \(folder) by this hand")
    }
    return name
  }
}
