import Mail
import Support

/// What a client does on its side. Messages are moved, copied and deleted by the client that made them.
protocol Hand: Sendable {
  func make(_ mail: SampleMail, in folder: FolderName) async throws
  func move(_ mail: SampleMail, from source: FolderName, to target: FolderName) async throws
  func copy(_ mail: SampleMail, from source: FolderName, to target: FolderName) async throws
  func delete(_ mail: SampleMail, from folder: FolderName) async throws
  /// Changes a flag of any message; does nothing where that goes meanwhile.
  func mark(_ mark: Mark, in folder: FolderName) async throws
  func makeFolder(_ folder: FolderName) async throws
  /// It is empty.
  func removeFolder(_ folder: FolderName) async throws
}

/// A flag that is put on a message that has it not, and taken off one that has it.
struct Mark: Sendable {
  let flag: FlagSet
  private let place: Int

  init(_ dice: inout Dice) {
    let system: [SystemFlags] = [.seen, .flagged, .answered, .draft, .deleted]
    let all = system.map { FlagSet($0) } + (Stage.keywords + [.forwarded]).map { FlagSet(keywords: [$0]) }
    flag = dice.pick(all)
    place = dice.below(1 << 30)
  }

  /// Which of a folder's messages.
  func choose<Message>(_ messages: [Message]) -> Message? { messages.isEmpty ? nil : messages[place % messages.count] }

  func isOn(_ flags: FlagSet) -> Bool { flags.intersection(flag) == flag }
}
