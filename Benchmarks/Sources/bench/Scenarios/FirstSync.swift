import Glibc
import Support

/// The first sync of a full account into an empty Maildir, each program in turn.
struct FirstSync {
  let options: Options

  func run() async throws -> Outcome {
    try await FullServer.with(options) { server in
      var (times, cpu) = ([String: Samples](), [String: Samples]())
      var problems: [String] = []
      var dice = Dice(seed: options.seed)
      let names = Passer.names.filter(options.includes(program:))
      for run in 1...options.runs {
        for name in names.shuffled(using: &dice) {
          let port = options.isTLS && name != "floor" ? server.tlsPort : server.plainPort
          let passer = try Passer.make(name, options, server, user: FullServer.user, port: port)
          // Nobody pays for what another left unwritten.
          sync()
          let pass = try await passer.run(true)
          Progress.say("run \(run), \(name): \(pass.duration); comparing")
          times[name, default: Samples()].add(pass.duration)
          if let seconds = pass.cpuSeconds { cpu[name, default: Samples()].add(.seconds(seconds)) }
          do {
            try await passer.requireEqual()
          } catch {
            problems.append("run \(run): \(error)")
          }
          passer.account.scratch.remove()
        }
      }
      return Outcome(
        title: "First sync, \(options.messages) messages in \(options.folders) folders, "
          + (options.isTLS ? "TLS (the floor plain)" : "plain TCP"),
        markdown: Self.table(names, times, cpu), problems: problems)
    }
  }

  private static func table(_ names: [String], _ times: [String: Samples], _ cpu: [String: Samples]) -> String {
    var table = MarkdownTable([
      "program", "runs", "median s", "least–most s", "CPU s", "− floor, s", "× floor", "× mbsync",
    ])
    let seconds = times.mapValues { $0.median.map { $0 / 1_000 } ?? nil }
    for name in names {
      guard let samples = times[name], let median = seconds[name] ?? nil else { continue }
      let isFloor = name == LatencyTable.floor
      table.add([
        name, "\(samples.count)", Cell.number(median),
        Cell.number(samples.milliseconds.min().map { $0 / 1_000 }) + "–"
          + Cell.number(samples.greatest.map { $0 / 1_000 }),
        Cell.number(cpu[name]?.median.map { $0 / 1_000 }),
        isFloor ? "" : Cell.difference(median, seconds[LatencyTable.floor] ?? nil),
        isFloor ? "" : Cell.ratio(median, seconds[LatencyTable.floor] ?? nil),
        name == "mbsync" ? "" : Cell.ratio(median, seconds["mbsync"] ?? nil),
      ])
    }
    return table.description
  }
}
