import Mail
import Support

/// The server goes away, the network falls silent or breaks; meanwhile a mail is read here and another comes there.
///
/// The figures count from the moment when all works again.
struct TroubleScenes {
  let stage: Stage

  private static let silence = Duration.seconds(4)
  private static let outage = Duration.seconds(5)

  var steps: [Step] { [restart, silence, cut] }

  private var restart: Step {
    let rows = [
      Step.Row(title: "the server is restarted; then mail is delivered", direction: .toMaildir),
      Step.Row(title: "… and a mail was read while it was down", direction: .toServer),
    ]
    return trouble(rows, letter: Letter(new: 60), deliversDuring: false) {
      await stage.server.stop()
    } end: {
      try await stage.server.start()
      try await stage.reconnect()
    }
  }

  private var silence: Step {
    let rows = [
      Step.Row(title: "the network is silent for 4 s; mail is delivered", direction: .toMaildir),
      Step.Row(title: "… and a mail is read meanwhile", direction: .toServer),
    ]
    return trouble(rows, letter: Letter(new: 61), deliversDuring: true) {
      stage.network.become(.silent)
    } end: {
      try await Task.sleep(for: Self.silence)
      stage.network.become(.working)
    }
  }

  private var cut: Step {
    let rows = [
      Step.Row(title: "the network is cut for 5 s; mail is delivered", direction: .toMaildir),
      Step.Row(title: "… and a mail is read meanwhile", direction: .toServer),
    ]
    return trouble(rows, letter: Letter(new: 62), deliversDuring: true) {
      stage.network.become(.cut)
    } end: {
      try await Task.sleep(for: Self.outage)
      stage.network.become(.working)
    }
  }

  private func trouble(
    _ rows: [Step.Row], letter: Letter, deliversDuring: Bool, begin: @escaping @Sendable () async throws -> Void,
    end: @escaping @Sendable () async throws -> Void
  ) -> Step {
    Step(rows) {
      let subject = try await Subject.pick(on: stage) { !$0.system.contains(.seen) }
      let before = try await stage.maildir.names(in: .inbox)
      try await begin()
      try stage.maildir.folder(.inbox).setLetters(subject.letters + "S", of: subject.unique)
      if deliversDuring { try await stage.server.deliver(letter.bytes, to: Stage.user) }
      try await end()
      if !deliversDuring { try await stage.server.deliver(letter.bytes, to: Stage.user) }
      let start = ContinuousClock.now
      let limit = Step.limitAfterTrouble
      async let here = Step.outcome {
        let seen = try await stage.maildir.arrivals(
          of: [letter.messageID], in: .inbox, before: before, within: limit
        ).instant
        return Step.Reading(duration: seen - start)
      }
      async let there = Step.outcome {
        let seen = try await stage.remote.flags(
          { $0.system.contains(.seen) }, of: subject.uid, in: .inbox, within: limit)
        return Step.Reading(duration: seen - start)
      }
      return [await here, await there]
    }
  }
}
