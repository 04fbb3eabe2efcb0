import Mail
import Support

/// What mail readers, scripts and shells do in the Maildir.
struct MaildirScenes {
  let stage: Stage

  private static let project = SampleAccount.name("Projekte/Öl & Wasser")
  private static let todo: Keyword = {
    guard let keyword = Keyword("To-Do") else { preconditionFailure("'To-Do' is a keyword") }
    return keyword
  }()

  var steps: [Step] {
    [
      reading, answering, keyword, move, savedByNeomutt, deletion, draft, sentMail, folder, intoFolder, folderGone,
      bothAtOnce,
    ]
  }

  private var reading: Step {
    letterChange("a new mail is read (new/… → cur/…:2,S)", adding: "S", FlagSet(.seen)) { !$0.system.contains(.seen) }
  }

  private var answering: Step {
    letterChange("a mail is answered and flagged (…:2,FRS)", adding: "FR", FlagSet([.flagged, .answered])) {
      $0.system.isDisjoint(with: [.flagged, .answered])
    }
  }

  private func letterChange(
    _ title: String, adding letters: String, _ flags: FlagSet, where fits: @escaping @Sendable (FlagSet) -> Bool
  ) -> Step {
    Step(title, .toServer) {
      let subject = try await Subject.pick(on: stage, where: fits)
      let start = ContinuousClock.now
      try stage.maildir.folder(.inbox).setLetters(subject.letters + letters, of: subject.unique)
      let wanted = subject.flags.union(flags)
      let seen = try await stage.remote.flags({ $0 == wanted }, of: subject.uid, in: .inbox)
      return Step.Reading(duration: seen - start)
    }
  }

  private var keyword: Step {
    Step("a mail gets a keyword (letter, dovecot-keywords)", .toServer) {
      let subject = try await Subject.pick(on: stage) { $0.system.contains(.seen) && $0.keywords.isEmpty }
      let start = ContinuousClock.now
      try stage.maildir.folder(.inbox).add(Self.todo, to: subject.unique)
      let seen = try await stage.remote.flags({ $0.contains(Self.todo) }, of: subject.uid, in: .inbox)
      return Step.Reading(duration: seen - start)
    }
  }

  private var move: Step {
    Step("a mail is moved to Archive/2024 (mv)", .toServer) {
      let target = SampleAccount.archive
      let subject = try await Subject.pick(on: stage) { $0.keywords.isEmpty }
      let first = try await stage.remote.uidNext(of: target)
      let start = ContinuousClock.now
      try stage.maildir.folder(.inbox).move(subject.unique, to: stage.maildir.folder(target))
      let (message, seen) = try await stage.remote.arrival(of: subject.messageID, in: target, from: first)
      let gone = try await stage.remote.absence(of: subject.uid, in: .inbox)
      guard message.flags == subject.flags else {
        throw DemoFailure("its flags are (\(message.flags)), and were (\(subject.flags))")
      }
      return Step.Reading(duration: max(seen, gone) - start)
    }
  }

  /// neomutt writes a copy with another name and one more header line, links it in, and unlinks the original later.
  private var savedByNeomutt: Step {
    let rows = [
      Step.Row(title: "neomutt saves a mail elsewhere (link, utime)", direction: .toServer),
      Step.Row(title: "… and unlinks the original a second later", direction: .toServer),
      Step.Row(title: "… and the saved one, not wanted after all", direction: .toServer),
    ]
    return Step(rows) {
      let (inbox, target) = (stage.maildir.folder(.inbox), SampleAccount.family)
      let subject = try await Subject.pick(on: stage) { $0.system.contains(.seen) && $0.keywords.isEmpty }
      let original = try await stage.remote.message(subject.uid, in: .inbox)
      let first = try await stage.remote.uidNext(of: target)
      let start = ContinuousClock.now
      let copy = try inbox.saveAsNeomutt(subject.unique, to: stage.maildir.folder(target))
      let (message, seen) = try await stage.remote.arrival(of: subject.messageID, in: target, from: first)
      guard message.bytes == original.bytes else {
        throw DemoFailure("the server has it with other bytes: \(message.bytes.count) for \(original.bytes.count)")
      }
      try await Task.sleep(for: Step.breath)
      let unlinking = await deletion(of: subject.unique, subject.uid, in: .inbox)
      try await Task.sleep(for: Step.breath)
      // martlet leaves neomutt's file as it is, so it must go before the closing comparison, which is byte for byte.
      let undoing = await deletion(of: copy, message.uid, in: target)
      return [.success(Step.Reading(duration: seen - start)), unlinking, undoing]
    }
  }

  private func deletion(of unique: String, _ uid: UID, in folder: FolderName) async -> Step.Outcome {
    await Step.outcome {
      let start = ContinuousClock.now
      try stage.maildir.folder(folder).unlink(unique)
      return Step.Reading(duration: try await stage.remote.absence(of: uid, in: folder) - start)
    }
  }

  private var deletion: Step {
    Step("a mail is deleted (rm)", .toServer) {
      let subject = try await Subject.pick(on: stage)
      return try await deletion(of: subject.unique, subject.uid, in: .inbox).get()
    }
  }

  private var draft: Step {
    Step("a draft is written (tmp/ → new/)", .toServer) {
      let letter = Letter(new: 50)
      return try await upload(of: letter, to: SampleAccount.drafts, with: .none) { folder in
        try folder.deliver(letter.bytes)
      }
    }
  }

  private var sentMail: Step {
    Step("a sent mail of 1 MB is filed (tmp/ → cur/…:2,S)", .toServer) {
      let letter = Letter(new: 51, kind: .attachment, size: 1_000_000)
      return try await upload(of: letter, to: SampleAccount.sent, with: FlagSet(.seen)) { folder in
        try folder.file(letter.bytes, letters: "S")
      }
    }
  }

  private var folder: Step {
    Step("a folder is made: \(Self.project)", .toServer) {
      let start = ContinuousClock.now
      try stage.maildir.folder(Self.project).make()
      return Step.Reading(duration: try await stage.remote.folder(Self.project, exists: true) - start)
    }
  }

  private var intoFolder: Step {
    Step("a mail is filed in the new folder, dated back", .toServer) {
      let letter = Letter(new: 52, kind: .international)
      let date = InternalDate(secondsSince1970: 1_111_111_111)
      return try await upload(of: letter, to: Self.project, with: FlagSet(.seen), dated: date) { folder in
        try folder.file(letter.bytes, letters: "S", date: date)
      }
    }
  }

  private var folderGone: Step {
    Step("an empty folder is removed (rm -r)", .toServer) {
      let start = ContinuousClock.now
      try stage.maildir.folder(SampleAccount.removedInMaildir).remove()
      return Step.Reading(
        duration: try await stage.remote.folder(SampleAccount.removedInMaildir, exists: false) - start)
    }
  }

  private var bothAtOnce: Step {
    let rows = [
      Step.Row(title: "one mail, at once: flagged on the server …", direction: .toMaildir),
      Step.Row(title: "… and answered in the Maildir", direction: .toServer),
    ]
    return Step(rows) {
      let subject = try await Subject.pick(on: stage) {
        $0.system.contains(.seen) && $0.system.isDisjoint(with: [.flagged, .answered])
      }
      let start = ContinuousClock.now
      async let storing: Void = stage.remote.client.store(.add, FlagSet(.flagged), on: [subject.uid])
      try stage.maildir.folder(.inbox).setLetters(subject.letters + "R", of: subject.unique)
      try await storing
      let wanted = subject.flags.union(FlagSet([.flagged, .answered]))
      async let here = Step.outcome {
        let seen = try await stage.maildir.entry(named: subject.unique, in: .inbox, "both flags") { $0.flags == wanted }
        return Step.Reading(duration: seen - start)
      }
      async let there = Step.outcome {
        Step.Reading(
          duration: try await stage.remote.flags({ $0 == wanted }, of: subject.uid, in: .inbox) - start)
      }
      return [await here, await there]
    }
  }

  /// Has `act` put a letter into a folder of the Maildir, waits for it on the server, and looks whether it is the same.
  private func upload(
    of letter: Letter, to name: FolderName, with flags: FlagSet, dated date: InternalDate? = nil,
    _ act: (MaildirFolder) throws -> Void
  ) async throws -> Step.Reading {
    let first = try await stage.remote.uidNext(of: name)
    let start = ContinuousClock.now
    try act(stage.maildir.folder(name))
    let (message, seen) = try await stage.remote.arrival(of: letter.messageID, in: name, from: first)
    guard message.bytes == letter.bytes else { throw DemoFailure("the server has other bytes than the file") }
    guard message.flags == flags else { throw DemoFailure("the server has it with (\(message.flags)), not (\(flags))") }
    if let date, message.internalDate != date {
      throw DemoFailure("the server has it dated \(message.internalDate), not \(date)")
    }
    return Step.Reading(duration: seen - start)
  }
}
