import Support

/// A pass with nothing to do: time, round trips and bytes, all through one counting proxy a program.
struct EmptyPass {
  let options: Options

  func run() async throws -> Outcome {
    try await FullServer.with(options) { server in
      var entries: [Entry] = []
      for name in Passer.names where options.includes(program: name) {
        let isTLS = options.isTLS && name != "floor"
        let proxy = try CountingProxy(to: isTLS ? server.tlsPort : server.plainPort)
        let passer = try Passer.make(name, options, server, user: FullServer.user, port: proxy.port)
        Progress.say("\(name): first sync")
        _ = try await passer.run(true)
        // What a program still has to settle after a first sync is not what is measured.
        _ = try await passer.run(false)
        _ = proxy.take()
        entries.append(Entry(passer: passer, proxy: proxy))
      }
      var dice = Dice(seed: options.seed)
      Progress.say("passes")
      for _ in 0..<options.runs * 10 {
        for index in entries.indices.shuffled(using: &dice) { try await entries[index].pass() }
      }
      var problems: [String] = []
      for entry in entries {
        do {
          try await entry.passer.requireEqual()
        } catch {
          problems.append("\(error)")
        }
      }
      return Outcome(
        title: "A pass with nothing to do, \(options.messages) messages in \(options.folders) folders, "
          + (options.isTLS ? "TLS (the floor plain)" : "plain TCP"),
        markdown: Self.table(entries), problems: problems)
    }
  }

  private struct Entry {
    let passer: Passer
    let proxy: CountingProxy
    var times = Samples()
    var cpu = Samples()
    /// Of the last pass.
    var counts = CountingProxy.Counts()

    mutating func pass() async throws {
      // The floor's first run fills; a pass over nothing is its own.
      let pass = try await passer.run(false)
      times.add(pass.duration)
      if let seconds = pass.cpuSeconds { cpu.add(.seconds(seconds)) }
      counts = proxy.take()
    }
  }

  private static func table(_ entries: [Entry]) -> String {
    var table = MarkdownTable([
      "program", "n", "median ms", "p95 ms", "median − floor", "CPU ms", "connections", "turns", "bytes down",
      "bytes up",
    ])
    let floor = entries.first { $0.passer.name == LatencyTable.floor }?.times.median
    for entry in entries {
      table.add([
        entry.passer.name, "\(entry.times.count)", Cell.number(entry.times.median),
        Cell.number(entry.times.percentile95),
        entry.passer.name == LatencyTable.floor ? "" : Cell.difference(entry.times.median, floor),
        Cell.number(entry.cpu.median), "\(entry.counts.connections)", "\(entry.counts.turns)",
        Cell.grouped(entry.counts.bytesDown), Cell.grouped(entry.counts.bytesUp),
      ])
    }
    return table.description
  }
}
