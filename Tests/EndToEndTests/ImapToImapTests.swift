import Control
import Foundation
import Mail
import Support
import Testing

/// `local.type = "imap"`: the same engine with a server on either side.
@Suite("Between two servers", .notAllAtOnce)
struct ImapToImapTests {
  enum Pair: String, CaseIterable, Sendable {
    case dovecots = "Dovecot and Dovecot"
    case dovecotAndCyrus = "Dovecot and Cyrus"

    func run(_ body: (any MailServer, any MailServer) async throws -> Void) async throws {
      try await DovecotServer.running { remote in
        switch self {
        case .dovecots: try await DovecotServer.running { local in try await body(remote, local) }
        case .dovecotAndCyrus: try await CyrusServer.running { local in try await body(remote, local) }
        }
      }
    }
  }

  // MARK: By sync

  @Test("what each had before is on both, with flags, keywords and dates (L2, L3)", arguments: Pair.allCases)
  func first(pair: Pair) async throws {
    try await pair.run { remote, local in
      let both = try await TwoServers.between(remote, local)
      for (side, top) in [(TwoServers.Side.remote, "there"), (.local, "here")] {
        try await both.append(15, on: side)
        for folder in [Names.made(top), Names.made(top, "Bücher & mehr")] {
          try await both.create(folder, on: side)
          try await both.append(5, to: folder, on: side)
        }
      }
      let report = try await both.syncToRest()
      #expect(report.local.delivered == 25)
      #expect(report.remote.delivered == 25)
    }
  }

  @Test("every kind of change goes either way, and moves and copies transfer nothing", arguments: Pair.allCases)
  func changes(pair: Pair) async throws {
    try await pair.run { remote, local in
      let networks = try (NetworkProxy(to: remote.plainPort, isRecording: true), NetworkProxy(to: local.plainPort))
      let both = try await TwoServers.between(remote, local, ports: (networks.0.port, networks.1.port))
      let mails = try await both.begin(30)
      for (index, side) in TwoServers.Side.allCases.enumerated() {
        try await both.change(mails[(index * 10)...], on: side)
      }
      let report = try await both.syncToRest()
      // New mail alone is transferred: two messages from each side.
      #expect(report.local.delivered == 2)
      #expect(report.remote.delivered == 2)
      // A move is a copy and a deletion here; each side also had a copy.
      #expect(report.local.copied + report.remote.copied == 4)
      #expect(report.local.deleted + report.remote.deleted == 4)
      #expect(networks.0.clientLines.count { $0.contains(" APPEND ") } == 2)
      for network in [networks.0, networks.1] { network.become(.closed) }
    }
  }

  @Test("a message that both sides changed: flags merge, deleted wins over flagged, moved over deleted (L6, L7)")
  func conflicts() async throws {
    try await Pair.dovecots.run { remote, local in
      let both = try await TwoServers.between(remote, local)
      let mails = try await both.begin(8)
      try await both.add(FlagSet(.flagged), to: mails[0], on: .remote)
      try await both.add(FlagSet(.answered, keywords: [Names.keyword]), to: mails[0], on: .local)
      try await both.add(FlagSet(.flagged), to: mails[1], on: .local)
      try await both.expunge(mails[1], on: .remote)
      try await both.syncToRest()
      // The same on both: nothing is left to do, and nothing is there twice.
      for side in TwoServers.Side.allCases {
        let client = try await both.client(side)
        try await client.expunge(try await both.uid(of: mails[2], in: .inbox, on: side))
      }
      await both.expect { $0.remove(mails[2].bytes, from: .inbox) }
      let client = try await both.client(.local)
      try await client.expunge(try await both.uid(of: mails[3], in: .inbox, on: .local))
      try await both.move(mails[3], to: Names.work, on: .remote)
      try await both.syncToRest()
    }
  }

  @Test("2,000 messages, and then ten changes on each side")
  func many() async throws {
    try await Pair.dovecots.run { remote, local in
      let both = try await TwoServers.between(remote, local)
      try await both.create(Names.work, on: .remote)
      let mails = try await both.append(2_000, on: .remote)
      let report = try await both.installation.syncCleanly()
      print("between two servers: 2,000 messages in \(report.seconds) s")
      #expect(report.local.delivered == 2_000)
      #expect(try await both.differences() == [])
      for (index, side) in TwoServers.Side.allCases.enumerated() {
        try await both.change(mails[(index * 100)...], on: side)
      }
      try await both.syncToRest()
    }
  }

  // MARK: By run

  @Test("each kind of change is pushed from either side to the other", arguments: Pair.allCases)
  func pushes(pair: Pair) async throws {
    try await pair.run { remote, local in
      let both = try await TwoServers.between(remote, local)
      try await both.create(Names.work, on: .remote)
      let mails = try await both.append(20, on: .remote)
      try await both.whileRunning { daemon in
        let folders = try await both.installation.status().folders
        #expect(folders.allSatisfy { $0.watch != "poll" && $0.localWatch != "poll" }, "\(folders)")
        for (index, side) in TwoServers.Side.allCases.enumerated() {
          try await both.append(2, on: side)
          try await both.settle()
          try await both.change(mails[(index * 10)...], on: side) {
            // Only NOTIFY tells of folders; else the next full pass finds them.
            if pair != .dovecots, side == .local { daemon.signal(SIGUSR1) }
          }
          try await both.settle()
        }
        try await Self.measure(both, pair)
      }
    }
  }

  /// From the APPEND's answer to the first STATUS of the other server that has the message.
  private static func measure(_ both: TwoServers, _ pair: Pair) async throws {
    for side in TwoServers.Side.allCases {
      var times: [Duration] = []
      for _ in 1...5 {
        let count = try await both.count(on: side.other)
        try await both.append(1, on: side)
        let start = ContinuousClock.now
        times.append(start.duration(to: try await both.client(side.other).waitForMessages(count + 1)))
      }
      print("\(pair.rawValue), from \(side) to \(side.other): \(times.sorted())")
    }
    try await both.settle()
  }

  @Test("after a restart of either server, all that changed meanwhile on the other", arguments: [true, false])
  func restart(ofRemote: Bool) async throws {
    try await DovecotServer.running { remote in
      try await DovecotServer.running { local in
        let both = try await TwoServers.between(remote, local)
        let mails = try await both.append(10, on: .remote)
        let (down, server) = ofRemote ? (TwoServers.Side.remote, remote) : (.local, local)
        try await both.whileRunning { daemon in
          await server.stop()
          try await both.append(3, on: down.other)
          try await both.expunge(mails[0], on: down.other)
          _ = try await daemon.line(of: .errors) { $0.contains("next try") }
          try await server.start()
          try await both.connect(down, to: server)
          try await both.append(2, on: down)
          daemon.signal(SIGUSR1)
          try await both.settle(within: .seconds(40))
        }
      }
    }
  }

  // MARK: Crashes

  @Test("kill -9 in the middle, again and again: nothing is lost and nothing doubled (L1, L3, L5)", arguments: [0, 1])
  func killed(variant: Int) async throws {
    try await Pair.dovecots.run { remote, local in
      let both = try await TwoServers.between(remote, local)
      try await both.append(300, on: .remote)
      try await both.append(300, on: .local)
      for reached in [320, 450] {
        let pass = try ChildProcess(
          both.installation.command([variant == 0 ? "sync" : "run"]), environment: both.installation.environment)
        try await both.client(.local).waitForStatus { $0.messages >= reached + variant }
        pass.signal(SIGKILL)
        _ = try await pass.wait()
      }
      try await both.syncToRest()
    }
  }

  // MARK: What must not cost mail

  @Test("an emptied folder is held by the brake on either side, until a person allows it (L9)")
  func emptied() async throws {
    for side in TwoServers.Side.allCases {
      try await Pair.dovecots.run { remote, local in
        let both = try await TwoServers.between(remote, local)
        try await both.begin(30)
        try await both.client(side).expunge(UIDSet(.first...30))
        let outcome = try await both.installation.sync()
        #expect(outcome.exitCode == 1)
        #expect(outcome.errors.contains("INBOX"))
        #expect(outcome.errors.contains("--allow-deletions"))
        #expect(try await both.count(on: side.other) == 30)
        try await both.installation.syncCleanly("--allow-deletions")
        #expect(try await both.count(on: side.other) == 0)
      }
    }
  }

  @Test("a changed UIDVALIDITY on either side deletes nothing and doubles nothing (L8, L3)")
  func renumbered() async throws {
    try await DovecotServer.running { remote in
      try await DovecotServer.running { local in
        let both = try await TwoServers.between(remote, local)
        try await both.begin(20)
        for (side, server) in [(TwoServers.Side.remote, remote), (.local, local)] {
          try await both.client(side).logOut()
          try await server.setUIDValidity(4711, user: "a")
          try await both.connect(side, to: server)
          try await both.append(1, on: side)
          let report = try await both.syncToRest()
          #expect(report.local.deleted + report.remote.deleted == 0)
          #expect(report.transferred == 1)
        }
      }
    }
  }

  @Test("a lost ledger costs no mail and doubles none (L3, L8)")
  func lostLedger() async throws {
    try await Pair.dovecots.run { remote, local in
      let both = try await TwoServers.between(remote, local)
      try await both.begin(30)
      try FileManager.default.removeItem(atPath: both.installation.stateDirectory)
      try await both.append(1, on: .remote)
      try await both.append(1, on: .local)
      let report = try await both.syncToRest()
      #expect(report.transferred == 2)
    }
  }

  @Test("the \\Deleted of another client is never expunged by us (L10)")
  func othersDeleted() async throws {
    try await Pair.dovecots.run { remote, local in
      let both = try await TwoServers.between(remote, local)
      let mails = try await both.begin(6)
      for (index, side) in TwoServers.Side.allCases.enumerated() {
        try await both.add(FlagSet(.deleted), to: mails[index], on: side)
        try await both.expunge(mails[index + 2], on: side)
      }
      try await both.syncToRest()
    }
  }

  @Test("another account on the same server is another place: nothing is deleted (L8)")
  func anotherUser() async throws {
    try await Pair.dovecots.run { remote, local in
      let both = try await TwoServers.between(remote, local)
      try await both.begin(5)
      let other = try await local.client("b")
      // As if made by the same restore, so that the numbers tell nothing.
      let validity = try await both.client(.local).status().uidValidity
      try await (local as? DovecotServer)?.setUIDValidity(validity.rawValue, user: "b")
      try both.installation.configure(
        remote: ServerPlace.plain(remote, user: "a").lines,
        local: ["type = \"imap\""] + ServerPlace.plain(local, user: "b").lines, rules: [])
      let report = try await both.installation.syncCleanly()
      #expect(report.remote.deleted == 0)
      #expect(report.local.delivered == 5)
      #expect(try await other.status().messages == 5)
      #expect(try await both.count(on: .remote) == 5)
    }
  }

  @Test("a Maildir in place of the local server is another place: nothing is deleted (L8)")
  func maildirInstead() async throws {
    try await Pair.dovecots.run { remote, local in
      let both = try await TwoServers.between(remote, local)
      try await both.begin(5)
      try both.installation.configure(
        remote: ServerPlace.plain(remote, user: "a").lines, local: ["path = \"\(both.installation.maildir)\""],
        rules: [])
      let report = try await both.installation.syncCleanly()
      #expect(report.remote.deleted == 0)
      #expect(report.local.delivered == 5)
      let comparison = try await Comparison(both.client(.remote), both.installation.maildir)
      #expect(comparison.isEqual, "\(comparison)")
    }
  }
}

extension TwoServers {
  /// Mail in INBOX on both sides, and a folder to move to.
  @discardableResult
  fileprivate func begin(_ count: Int) async throws -> [SampleMail] {
    try await create(Names.work, on: .remote)
    let mails = try await append(count, on: .remote)
    try await syncToRest()
    return mails
  }

  /// Ten different changes on one side, to the first messages of `mails` and to new ones.
  fileprivate func change(
    _ mails: ArraySlice<SampleMail>, on side: Side, afterNewFolder: () async throws -> Void = {}
  ) async throws {
    let mails = Array(mails.prefix(7))
    try await append(1, on: side)
    try await add(FlagSet(.flagged), to: mails[0], on: side)
    try await add(FlagSet(keywords: [Names.keyword]), to: mails[1], on: side)
    try await replace(flagsWith: FlagSet(.answered), of: mails[2], on: side)
    try await replace(flagsWith: .none, of: mails[3], on: side)
    try await expunge(mails[4], on: side)
    try await move(mails[5], to: Names.work, on: side)
    try await copy(mails[6], to: Names.work, on: side)
    let made = Names.made("on \(side)")
    try await create(made, on: side)
    try await afterNewFolder()
    try await append(1, to: made, on: side)
  }
}
