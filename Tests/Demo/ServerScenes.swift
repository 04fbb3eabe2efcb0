import Mail
import Support

/// What other clients do on the server.
struct ServerScenes {
  let stage: Stage

  private static let zurich = SampleAccount.name("Travel/Zürich")
  private static let burstCount = 20

  var steps: [Step] {
    [delivery, append, burst, reading, flagging, keyword, unflagging, move, deletion, folder, intoFolder, folderGone]
  }

  private var delivery: Step {
    Step("mail is delivered to INBOX (LMTP)", .toMaildir) {
      let letter = Letter(new: 1, kind: .alternative)
      return try await Self.arrival(of: [letter], in: .inbox, on: stage, isInNew: true) {
        try await stage.server.deliver(letter.bytes, to: Stage.user)
      }
    }
  }

  private var append: Step {
    Step("a sent mail is filed, dated back (APPEND)", .toMaildir) {
      let letter = Letter(new: 2, kind: .attachment, size: 150_000)
      let date = InternalDate(secondsSince1970: 1_234_567_890)
      return try await Self.arrival(of: [letter], in: SampleAccount.sent, on: stage, isInNew: false) {
        try await stage.remote.client.append(
          letter.bytes, to: SampleAccount.sent, flags: FlagSet(.seen), date: date)
      }
    }
  }

  private var burst: Step {
    Step("\(Self.burstCount) mails come to a list at once", .toMaildir) {
      let letters = (0..<Self.burstCount).map { Letter(new: 10 + $0, kind: .list) }
      return try await Self.arrival(of: letters, in: SampleAccount.lists, on: stage, isInNew: true) {
        try await stage.remote.client.append(
          contentsOf: letters.map { MailClient.Draft($0.bytes) }, to: SampleAccount.lists)
      }
    }
  }

  private var reading: Step {
    flagChange("a mail is read on the phone (+\\Seen)", .add, FlagSet(.seen), where: { !$0.system.contains(.seen) })
  }

  private var flagging: Step {
    flagChange(
      "a mail is flagged (+\\Flagged)", .add, FlagSet(.flagged),
      where: { $0.system.contains(.seen) && !$0.system.contains(.flagged) })
  }

  private var keyword: Step {
    flagChange("a mail gets a keyword nobody used before", .add, Self.tax, where: { $0.system.contains(.seen) })
  }

  private var unflagging: Step {
    flagChange(
      "a flag is taken off (-\\Flagged)", .remove, FlagSet(.flagged), where: { $0.system.contains(.flagged) })
  }

  private static let tax: FlagSet = {
    guard let keyword = Keyword("Tax-2025") else { preconditionFailure("'Tax-2025' is a keyword") }
    return FlagSet(keywords: [keyword])
  }()

  private func flagChange(
    _ title: String, _ change: MailClient.FlagChange, _ flags: FlagSet,
    where fits: @escaping @Sendable (FlagSet) -> Bool
  ) -> Step {
    Step(title, .toMaildir) {
      let subject = try await Subject.pick(on: stage, where: fits)
      try await stage.remote.client.store(change, flags, on: [subject.uid])
      let start = ContinuousClock.now
      let wanted = change == .add ? subject.flags.union(flags) : subject.flags.subtracting(flags)
      let seen = try await stage.maildir.entry(named: subject.unique, in: .inbox, "\(subject.unique) with (\(wanted))")
      {
        $0.flags == wanted && $0.unknownLetters.isEmpty
      }
      return Step.Reading(duration: seen - start)
    }
  }

  private var move: Step {
    Step("a mail is moved to Archive/2024 (MOVE)", .toMaildir) {
      let target = SampleAccount.archive
      let subject = try await Subject.pick(on: stage) { $0.system.contains(.seen) }
      let before = try await stage.maildir.names(in: target)
      try await stage.remote.client.move([subject.uid], from: .inbox, to: target)
      let start = ContinuousClock.now
      async let gone = stage.maildir.absence(of: subject.unique, in: .inbox)
      let (arrivals, seen) = try await stage.maildir.arrivals(of: [subject.messageID], in: target, before: before)
      let done = max(seen, try await gone)
      let entry = try await stage.maildir.entry(with: subject.messageID, in: target)
      guard arrivals.count == 1 else { throw DemoFailure("\(arrivals.count) files came to \(target)") }
      let isSame = try MaildirSide.fileNumber(of: entry.path) == subject.fileNumber
      return Step.Reading(duration: done - start, remark: isSame ? "same file, renamed" : "downloaded again")
    }
  }

  private var deletion: Step {
    Step("a mail is deleted (EXPUNGE)", .toMaildir) {
      let subject = try await Subject.pick(on: stage)
      try await stage.remote.client.expunge([subject.uid])
      let start = ContinuousClock.now
      return Step.Reading(duration: try await stage.maildir.absence(of: subject.unique, in: .inbox) - start)
    }
  }

  private var folder: Step {
    Step("a folder is made: \(Self.zurich)", .toMaildir) {
      try await stage.remote.client.create(Self.zurich)
      let start = ContinuousClock.now
      return Step.Reading(duration: try await stage.maildir.folder(Self.zurich, exists: true) - start)
    }
  }

  private var intoFolder: Step {
    Step("a mail is filed in the new folder", .toMaildir) {
      let letter = Letter(new: 3, kind: .international)
      return try await Self.arrival(of: [letter], in: Self.zurich, on: stage, isInNew: true) {
        try await stage.remote.client.append(letter.bytes, to: Self.zurich)
      }
    }
  }

  private var folderGone: Step {
    Step("an empty folder is removed", .toMaildir) {
      try await stage.remote.client.delete(SampleAccount.removedOnServer)
      let start = ContinuousClock.now
      return Step.Reading(
        duration: try await stage.maildir.folder(SampleAccount.removedOnServer, exists: false) - start)
    }
  }

  /// Has `act` bring letters to a folder on the server, waits until all are in the Maildir, and holds each file, as it
  /// was when first seen, against the server's message: bytes, flags, date.
  static func arrival(
    of letters: [Letter], in folder: FolderName, on stage: Stage, isInNew: Bool, within limit: Duration = Step.limit,
    _ act: () async throws -> Void
  ) async throws -> Step.Reading {
    let before = try await stage.maildir.names(in: folder)
    let first = try await stage.remote.uidNext(of: folder)
    try await act()
    let start = ContinuousClock.now
    let (arrivals, seen) = try await stage.maildir.arrivals(
      of: Set(letters.map(\.messageID)), in: folder, before: before, within: limit)
    for message in try await stage.remote.messages(in: folder, from: first) {
      guard let messageID = Letter.messageID(in: message.bytes.prefix(Letter.headMax)),
        let arrival = arrivals[messageID]
      else { continue }
      try require(arrival.bytes == message.bytes.lineFeedForm, "\(arrival.entry.path) has other bytes than the server")
      try require(
        arrival.entry.flags == message.flags,
        "\(arrival.entry.path) has (\(arrival.entry.flags)) for (\(message.flags))")
      try require(
        arrival.date == message.internalDate, "\(arrival.entry.path) is of \(arrival.date), not \(message.internalDate)"
      )
      try require(arrival.entry.isInNew == isInNew, "\(arrival.entry.path) should be in \(isInNew ? "new" : "cur")/")
    }
    return Step.Reading(duration: seen - start)
  }

  private static func require(_ condition: Bool, _ failure: @autoclosure () -> String) throws {
    guard condition else { throw DemoFailure(failure()) }
  }
}
