/// Latencies of several programs for several changes, each beside the floor of the same run.
struct LatencyTable {
  struct Key: Hashable {
    let server: String
    let change: String
    let program: String
  }

  /// The program that the others are held against.
  static let floor = "floor"
  /// The program whose addition to the floor is the measure of the others' additions.
  static let chain = "IDLE + inotify + mbsync"
  /// In the order of rows; programs that are not here come last.
  private static let programs = [floor, "martlet", chain]

  private var order: [Key] = []
  private var samples: [Key: Samples] = [:]

  /// Notes a latency; nil where the change was not seen in time.
  mutating func add(_ latency: Duration?, _ key: Key) {
    if samples[key] == nil { order.append(key) }
    if let latency { samples[key, default: Samples()].add(latency) } else { samples[key, default: Samples()].addMiss() }
  }

  /// How often a program did not come through in time.
  func misses(of program: String) -> Int {
    samples.reduce(0) { $0 + ($1.key.program == program ? $1.value.missed : 0) }
  }

  var markdown: String {
    var table = MarkdownTable([
      "server", "change", "program", "n", "median ms", "p95 ms", "max ms", "median − floor", "p95 − floor",
      "added, × chain's",
    ])
    // Programs of one change beside one another, the changes in the order in which they were made.
    let rank = Dictionary(uniqueKeysWithValues: zip(Self.programs, 0...))
    var blocks: [(server: String, change: String)] = []
    for key in order where !blocks.contains(where: { $0 == (key.server, key.change) }) {
      blocks.append((key.server, key.change))
    }
    for (server, change) in blocks {
      let floor = samples[Key(server: server, change: change, program: Self.floor)]?.median
      let floorTail = samples[Key(server: server, change: change, program: Self.floor)]?.percentile95
      let chain = samples[Key(server: server, change: change, program: Self.chain)]?.median
      let keys = order.filter { $0.server == server && $0.change == change }
      for key in keys.sorted(by: { rank[$0.program, default: .max] < rank[$1.program, default: .max] }) {
        guard let one = samples[key] else { continue }
        let isFloor = key.program == Self.floor
        table.add([
          server, change, key.program, "\(one.count)" + (one.missed > 0 ? " (+\(one.missed) missed)" : ""),
          Cell.number(one.median), Cell.number(one.percentile95), Cell.number(one.greatest),
          isFloor ? "" : Cell.difference(one.median, floor),
          isFloor ? "" : Cell.difference(one.percentile95, floorTail),
          isFloor || key.program == Self.chain
            ? "" : Cell.ratio(Self.difference(one.median, floor), Self.difference(chain, floor)),
        ])
      }
    }
    return table.description
  }

  private static func difference(_ value: Double?, _ floor: Double?) -> Double? {
    guard let value, let floor else { return nil }
    return value - floor
  }
}
