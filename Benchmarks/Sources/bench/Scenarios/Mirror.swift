import Mail
import Support

/// Two servers mirrored by `martlet run`: how long from one to the other, both ways, beside a floor that does one way.
struct Mirror {
  let options: Options

  private struct Entrant {
    let program: String
    let direction: String
    let trial: MirrorTrial
  }

  /// What runs between the two servers, to be stopped.
  private struct Machinery {
    var floors: [FloorWatch] = []
    var martlet: Martlet?

    func stop() async throws {
      for floor in floors { try await floor.stop() }
      await martlet?.stop()
    }
  }

  private static let martletUser = "mirror"
  private static let (here, there) = ("first → second", "second → first")

  func run() async throws -> Outcome {
    var (table, problems) = (LatencyTable(), [String]())
    for kind in PrivateServer.allCases where options.includes(server: kind.rawValue) && kind != .dovecotIdle {
      Progress.say("\(kind.title): starting two")
      let first = try await kind.start()
      do {
        let second = try await kind.start()
        do {
          problems += try await measure(kind, first, second, &table)
        } catch {
          // What was measured so far is shown all the same.
          problems.append("\(kind.title): \(error)")
        }
        await second.stop()
      } catch {
        await first.stop()
        throw error
      }
      await first.stop()
    }
    let misses = table.misses(of: "martlet")
    if misses > 0 { problems.append("martlet: \(misses) changes were not on the other server within \(Trial.limit)") }
    return Outcome(
      title: "IMAP ↔ IMAP, \(options.folders) watched folders, \(options.inbox) messages in INBOX",
      markdown: table.markdown, problems: problems)
  }

  private func measure(
    _ kind: PrivateServer, _ first: any MailServer, _ second: any MailServer, _ table: inout LatencyTable
  ) async throws -> [String] {
    var machinery = Machinery()
    do {
      let entrants = try await start(first, second, &machinery)
      var dice = Dice(seed: options.seed)
      for change in MirrorTrial.Change.allCases where options.includes(change: change.rawValue) {
        Progress.say("\(kind.title): \(change.title)")
        for _ in 0..<options.samples {
          for entrant in entrants.shuffled(using: &dice) {
            try await Task.sleep(for: .milliseconds(Push.gap.lowerBound + dice.below(Push.gap.count)))
            try machinery.martlet?.requireRunning()
            table.add(
              try await entrant.trial.measure(change),
              .init(server: kind.title, change: "\(change.title), \(entrant.direction)", program: entrant.program))
          }
        }
      }
      var problems: [String] = []
      if machinery.martlet != nil, let difference = try await difference(first, second) {
        problems.append("\(kind.title), martlet: \(difference)")
      }
      try await machinery.stop()
      return problems
    } catch {
      try await machinery.stop()
      throw error
    }
  }

  private func start(
    _ first: any MailServer, _ second: any MailServer, _ machinery: inout Machinery
  ) async throws -> [Entrant] {
    let folders = Account.folders(options.folders)
    let corpus = Account.corpus(inbox: options.inbox, folders: folders, seed: options.seed)
    var entrants: [Entrant] = []
    if options.includes(program: LatencyTable.floor) {
      for (direction, source, target) in [(Self.here, first, second), (Self.there, second, first)] {
        Progress.say("floor, \(direction): filling")
        let user = direction == Self.here ? "floor-there" : "floor-back"
        try await Account(source, user: user, folders: folders).fill(corpus)
        try await Account(target, user: user, folders: folders).fill([])
        machinery.floors.append(
          try await FloorWatch.started(on: source, as: user, folders: folders) {
            try ServerSink(target, user: user, folders: folders)
          })
        entrants.append(try entrant(LatencyTable.floor, direction, source, target, user))
      }
    }
    if options.includes(program: "martlet") {
      Progress.say("martlet: filling, and its first sync")
      let account = try Account(first, user: Self.martletUser, folders: folders)
      try await account.fill(corpus)
      let martlet = try Martlet(
        options, Martlet.Server(first, user: Self.martletUser), other: Martlet.Server(second, user: Self.martletUser),
        folders: folders.count, scratch: account.scratch)
      machinery.martlet = martlet
      try await martlet.start()
      if let difference = try await difference(first, second) {
        throw BenchError("after the first sync: \(difference)")
      }
      entrants.append(try entrant("martlet", Self.here, first, second, Self.martletUser))
      entrants.append(try entrant("martlet", Self.there, second, first, Self.martletUser))
    }
    return entrants
  }

  private func entrant(
    _ program: String, _ direction: String, _ source: any MailServer, _ target: any MailServer, _ user: String
  ) throws -> Entrant {
    Entrant(
      program: program, direction: direction,
      trial: try MirrorTrial(
        from: source, to: target, user: user, number: direction == Self.here ? 1_000_000 : 2_000_000,
        seed: options.seed))
  }

  /// What differs between the two servers after some time for the last change; nil where nothing does.
  private func difference(_ first: any MailServer, _ second: any MailServer) async throws -> String? {
    let deadline = Deadline(in: .seconds(60))
    while true {
      let one = try await contents(of: first)
      let other = try await contents(of: second)
      if one == other { return nil }
      if deadline.hasPassed {
        let folders = Set(one.keys).union(other.keys).sorted().filter { one[$0] != other[$0] }
        return "the servers differ in "
          + folders.map { folder in
            let (left, right) = (one[folder] ?? [:], other[folder] ?? [:])
            let odd = left.filter { right[$0.key] != $0.value }.count + right.filter { left[$0.key] != $0.value }.count
            return "\(folder) (\(left.values.reduce(0, +)) and \(right.values.reduce(0, +)) messages, \(odd) unlike)"
          }.joined(separator: ", ")
      }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// How often each message is in each folder: bytes, flags and date.
  private func contents(of server: any MailServer) async throws -> [FolderName: [Letter: Int]] {
    let client = try await server.client(Self.martletUser)
    let tree = try await client.tree()
    try await client.logOut()
    return tree.mapValues { messages in
      messages.reduce(into: [:]) { $0[Letter($1), default: 0] += 1 }
    }
  }

  /// A message without its UID.
  private struct Letter: Hashable {
    let bytes: [UInt8]
    let flags: FlagSet
    let date: InternalDate

    init(_ message: MailClient.Message) {
      (bytes, flags, date) = (message.bytes, message.flags, message.internalDate)
    }
  }
}
