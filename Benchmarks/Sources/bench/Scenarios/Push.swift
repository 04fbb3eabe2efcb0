import Support

/// How long until the other side has it: one change at a time, in turn for each program, each on an account of its own.
struct Push {
  let options: Options

  /// Between two changes, so that each meets everything at rest, and the servers' timers in no fixed phase.
  static let gap = 100...700

  func run() async throws -> Outcome {
    var (table, problems) = (LatencyTable(), [String]())
    for kind in PrivateServer.allCases where options.includes(server: kind.rawValue) {
      Progress.say("\(kind.title): starting")
      let server = try await kind.start()
      do {
        problems += try await measure(kind, server, &table)
        try PrivateServer.requirePush(by: server)
      } catch {
        // What was measured so far is shown all the same.
        problems.append("\(kind.title): \(error)")
      }
      await server.stop()
    }
    let misses = table.misses(of: "martlet")
    if misses > 0 { problems.append("martlet: \(misses) changes were not on the other side within \(Trial.limit)") }
    return Outcome(
      title: "Push, \(options.folders) watched folders, \(options.inbox) messages in INBOX",
      markdown: table.markdown, problems: problems)
  }

  private func measure(
    _ kind: PrivateServer, _ server: any MailServer, _ table: inout LatencyTable
  ) async throws -> [String] {
    let entrants = try await Entrant.all(options, on: server)
    var problems: [String] = []
    do {
      var dice = Dice(seed: options.seed)
      for entrant in entrants { _ = try await entrant.trial.measure(ServerChange.append) }
      for change in ServerChange.allCases where options.includes(change: change.rawValue) {
        try await rounds(entrants, &dice, "\(kind.title): \(change.title)") { entrant in
          let latency = try await entrant.trial.measure(change)
          table.add(latency, .init(server: kind.title, change: change.title, program: entrant.contestant.name))
        }
      }
      problems += await differences(of: entrants, "\(kind.title), server → Maildir")
      let watching = entrants.filter(\.contestant.watchesMaildir)
      for change in MaildirChange.allCases where options.includes(change: change.rawValue) {
        try await rounds(watching, &dice, "\(kind.title): \(change.title)") { entrant in
          let latency =
            try await entrant.isFloor ? entrant.trial.measureBare(change) : entrant.trial.measure(change)
          table.add(latency, .init(server: kind.title, change: change.title, program: entrant.contestant.name))
        }
      }
      problems += await differences(of: watching, "\(kind.title), Maildir → server")
    } catch {
      for entrant in entrants { try await entrant.contestant.stop() }
      throw error
    }
    for entrant in entrants { try await entrant.contestant.stop() }
    return problems
  }

  /// As many rounds as samples; in each, every program once, in an order and with gaps that follow the seed.
  private func rounds(
    _ entrants: [Entrant], _ dice: inout Dice, _ what: String, _ measure: (Entrant) async throws -> Void
  ) async throws {
    Progress.say(what)
    for _ in 0..<options.samples {
      for entrant in entrants.shuffled(using: &dice) {
        try await Task.sleep(for: .milliseconds(Self.gap.lowerBound + dice.below(Self.gap.count)))
        try entrant.contestant.requireRunning()
        try await measure(entrant)
      }
    }
  }

  private func differences(of entrants: [Entrant], _ phase: String) async -> [String] {
    Progress.say("\(phase): comparing")
    var problems: [String] = []
    for entrant in entrants {
      do {
        try await entrant.account.requireEqual(entrant.contestant.likeness)
      } catch {
        problems.append("\(phase), \(entrant.contestant.name): \(error)")
      }
    }
    return problems
  }
}
