import Mail
import Support
import Synchronization

/// A message where a client put it.
struct Belonging: Hashable, Sendable {
  let message: Int
  let folder: FolderName
}

/// All clients: half of them on the server, half in the Maildir.
struct Crowd: Sendable {
  static let size = 8
  /// In each folder, of nobody: nobody moves or deletes them, but all flag them.
  private static let landmarkCount = 20

  let people: [Person]
  let landmarks: [Belonging]
  private let tally = Tally()

  init(on stage: Stage, seed: UInt64) async throws {
    let hand = ServerHand(stage)
    var landmarks: [Belonging] = []
    for folder in Stage.folders {
      for _ in 0..<Self.landmarkCount {
        let mail = SampleMail(seed: seed, number: landmarks.count)
        try await hand.make(mail, in: folder)
        landmarks.append(Belonging(message: mail.number, folder: folder))
      }
    }
    self.landmarks = landmarks
    people = (1...Self.size).map { [tally] number in
      Person(number, number.isMultiple(of: 2) ? MaildirHand(stage) : ServerHand(stage), seed: seed, tally)
    }
  }

  /// How many acts there were.
  var acts: Int { tally.count.load(ordering: .relaxed) }

  final class Tally: Sendable {
    let count = Atomic<Int>(0)
  }
}

/// A client that acts at random, about once a second.
struct Person: Sendable {
  private let number: Int
  private let hand: any Hand
  private let seed: UInt64
  private let tally: Crowd.Tally
  private var dice: Dice
  private(set) var belongings: [Belonging] = []
  /// Folders of its own, the oldest first.
  private var boxes: [FolderName] = []
  private var lastMessage = 0
  private var lastBox = 0

  /// About so many messages a client has in the long run, and at most so many folders.
  private static let wealth = 40
  private static let boxesMax = 2
  private static let pauseMax = 2_000

  init(_ number: Int, _ hand: any Hand, seed: UInt64, _ tally: Crowd.Tally) {
    self.number = number
    self.hand = hand
    self.seed = seed
    self.tally = tally
    dice = Dice(seed: seed &* 1_000 &+ UInt64(number))
  }

  mutating func live(until end: Deadline) async throws {
    while !end.hasPassed {
      do {
        try await act()
      } catch {
        throw SupportError("client \(number): \(error)")
      }
      tally.count.add(1, ordering: .relaxed)
      try await Task.sleep(for: .milliseconds(dice.below(Self.pauseMax)))
    }
  }

  private mutating func act() async throws {
    switch dice.below(100) {
    case 0..<30: try await makeOrDelete()
    case 30..<65: try await hand.mark(Mark(&dice), in: dice.pick(Stage.folders))
    case 65..<80: try await move()
    case 80..<90: try await copy()
    default: try await changeBoxes()
    }
  }

  private mutating func makeOrDelete() async throws {
    // What it has left alone for longest, and not from a folder that may go next: a message that is moved out of a folder
    // and deleted before anybody saw that is, for all that martlet can tell, lost with the folder (L9).
    let deletable = belongings.prefix(belongings.count / 3).filter { !boxes.contains($0.folder) }
    if dice.below(2 * Self.wealth) < belongings.count, !deletable.isEmpty {
      try await delete(dice.pick(deletable))
    } else {
      lastMessage += 1
      let belonging = Belonging(message: number * 10_000 + lastMessage, folder: dice.pick(Stage.folders + boxes))
      try await hand.make(mail(of: belonging), in: belonging.folder)
      belongings.append(belonging)
    }
  }

  private mutating func delete(_ belonging: Belonging) async throws {
    try await hand.delete(mail(of: belonging), from: belonging.folder)
    belongings.removeAll { $0 == belonging }
  }

  private mutating func move() async throws {
    guard !belongings.isEmpty else { return }
    let belonging = dice.pick(belongings)
    guard let target = target(for: belonging, among: Stage.folders + boxes) else { return }
    try await move(belonging, to: target)
  }

  private mutating func move(_ belonging: Belonging, to target: FolderName) async throws {
    try await hand.move(mail(of: belonging), from: belonging.folder, to: target)
    belongings.removeAll { $0 == belonging }
    belongings.append(Belonging(message: belonging.message, folder: target))
  }

  private mutating func copy() async throws {
    guard !belongings.isEmpty else { return }
    let belonging = dice.pick(belongings)
    guard let target = target(for: belonging, among: Stage.folders + boxes) else { return }
    try await hand.copy(mail(of: belonging), from: belonging.folder, to: target)
    belongings.append(Belonging(message: belonging.message, folder: target))
  }

  /// Makes a folder of its own; or empties the oldest and removes it.
  private mutating func changeBoxes() async throws {
    if boxes.count < Self.boxesMax {
      lastBox += 1
      guard let box = FolderName("Client \(number), box \(lastBox)") else { preconditionFailure("a folder's name") }
      try await hand.makeFolder(box)
      boxes.append(box)
    } else {
      for belonging in belongings where belonging.folder == boxes[0] {
        guard let target = target(for: belonging, among: Stage.folders) else { return }
        try await move(belonging, to: target)
      }
      try await hand.removeFolder(boxes.removeFirst())
    }
  }

  /// A folder in which the message is not yet: no folder has the same message twice.
  private mutating func target(for belonging: Belonging, among folders: [FolderName]) -> FolderName? {
    let taken = belongings.filter { $0.message == belonging.message }.map(\.folder)
    let free = folders.filter { !taken.contains($0) }
    return free.isEmpty ? nil : dice.pick(free)
  }

  private func mail(of belonging: Belonging) -> SampleMail { SampleMail(seed: seed, number: belonging.message) }
}
