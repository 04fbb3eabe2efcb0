import Support

/// What it costs to wait: programs that watch accounts where nothing happens.
struct IdleRun {
  let options: Options

  /// After the first sync, before the first look: what a program still puts away is not waiting.
  private static let settling = Duration.seconds(10)

  func run() async throws -> Outcome {
    var table = MarkdownTable([
      "server", "program", "minutes", "CPU ticks (10 ms)", "CPU ms", "context switches", "written, bytes",
      "to disk, bytes", "PSS MiB", "threads", "fds",
    ])
    var problems: [String] = []
    for kind in PrivateServer.allCases where options.includes(server: kind.rawValue) {
      Progress.say("\(kind.title): starting")
      let server = try await kind.start()
      do {
        try await measure(kind, server, &table, &problems)
      } catch {
        problems.append("\(kind.title): \(error)")
      }
      await server.stop()
    }
    return Outcome(
      title: "Idle, \(options.folders) watched folders, \(options.inbox) messages in INBOX",
      markdown: table.description, problems: problems)
  }

  private func measure(
    _ kind: PrivateServer, _ server: any MailServer, _ table: inout MarkdownTable, _ problems: inout [String]
  ) async throws {
    var wanted = options
    // The floor and the notifier live in this process, which has no figures of theirs alone.
    wanted.programs = (options.programs ?? ["martlet", "offlineimap"]).intersection(["martlet", "offlineimap"])
    let entrants = try await Entrant.all(wanted, on: server)
    do {
      try await Task.sleep(for: Self.settling)
      let before = try entrants.map { try ProcessFigures(of: process(of: $0)) }
      let start = ContinuousClock.now
      Progress.say("\(kind.title): waiting for \(options.minutes) minutes")
      try await Task.sleep(for: .seconds(options.minutes * 60))
      let minutes = (ContinuousClock.now - start) / .seconds(60)
      for (entrant, before) in zip(entrants, before) {
        try entrant.contestant.requireRunning()
        let after = try ProcessFigures(of: process(of: entrant))
        table.add(Self.row(kind.title, entrant.contestant.name, minutes, before, after))
        // It still syncs.
        let isSeen = try await entrant.trial.measure(ServerChange.append) != nil
        if !isSeen {
          problems.append("\(kind.title), \(entrant.contestant.name): a message after the wait did not come")
        }
      }
    } catch {
      for entrant in entrants { try await entrant.contestant.stop() }
      throw error
    }
    for entrant in entrants { try await entrant.contestant.stop() }
  }

  private func process(of entrant: Entrant) throws -> Int32 {
    let process =
      switch entrant.contestant {
      case let martlet as Martlet: martlet.processIdentifier
      case let offlineIMAP as OfflineIMAP: offlineIMAP.processIdentifier
      default: Int32?.none
      }
    guard let process else { throw BenchError("\(entrant.contestant.name) has no process of its own") }
    return process
  }

  private static func row(
    _ server: String, _ program: String, _ minutes: Double, _ before: ProcessFigures, _ after: ProcessFigures
  ) -> [String] {
    [
      server, program, Cell.number(minutes), "\(after.cpuTicks - before.cpuTicks)",
      Cell.number(Double(after.cpuNanoseconds - before.cpuNanoseconds) / 1e6),
      "\(after.contextSwitches - before.contextSwitches)", Cell.grouped(after.bytesWritten - before.bytesWritten),
      Cell.grouped(after.diskBytesWritten - before.diskBytesWritten),
      Cell.number(Double(after.proportionalSetSize) / 1_024), "\(after.threads)", "\(after.descriptors)",
    ]
  }
}
