import Foundation
import Mail
import Support
import Testing

/// Connections that break, at moments that matter, and servers that take only so many.
@Suite("An interruption", .notAllAtOnce)
struct InterruptionTests {
  enum Break: String, CaseIterable { case bye, kick, cut }

  @Test(
    "in the midst of a sync ends it with 69, in words; the next completes it, nothing lost or doubled (L1, L3, L5)",
    arguments: Break.allCases)
  func amidSync(how: Break) async throws {
    try await DovecotServer.running { server in
      // Less than there is to upload: the sync is under way until it is broken off.
      let network = try NetworkProxy(to: server.plainPort, allowance: 40_000)
      let both = BothSides(
        try Installation(.plain(server, user: "a", port: network.port)), try await server.client("a"))
      try await both.append(1_000)
      try await both.makeInMaildir(Names.here)
      try await both.deliver(300, to: Names.here)
      let pass = try ChildProcess(both.installation.command(["sync"]), environment: both.installation.environment)
      await network.allowanceIsSpent()
      switch how {
      case .bye: await server.stop()
      case .kick: try await server.kick("a")
      case .cut: network.become(.cut)
      }
      #expect(try await pass.wait() == .exited(69), "\(pass.standardErrors)")
      #expect(pass.standardErrors.contains("error: a: 127.0.0.1"), "\(pass.standardErrors)")
      network.become(.working)
      if how == .bye { try await server.start() }
      let again = await BothSides(both, try await server.client("a"))
      try await again.installation.syncCleanly()
      #expect(try await again.differences() == [])
      #expect(try await again.installation.syncCleanly().isEmpty)
      network.become(.closed)
    }
  }

  @Test("again and again while it runs: in the end all is there, once (L1, L3, L5)")
  func againAndAgain() async throws {
    try await DovecotServer.running { server in
      let network = try NetworkProxy(to: server.plainPort)
      try await Running.with(server, messages: 10, port: network.port) { both, daemon in
        for round in 1...4 {
          try await both.append(100)
          try await both.deliver(50)
          let count = 10 + round * 150 - 100
          _ = try await both.installation.watch.wait { $0[.inbox].count > count }
          network.become(.cut)
          network.become(.working)
          // What waits for its next try is not waited for here.
          daemon.signal(SIGUSR1)
        }
        try await both.settle(within: .seconds(60))
      }
      network.become(.closed)
    }
  }

  @Test("by a server that takes fewer connections than there are folders is none: they are done without (L11)")
  func tooMany() async throws {
    // One of the three is the test's own.
    var options = DovecotOptions(capability: "IMAP4rev1 SASL-IR LITERAL+ IDLE UIDPLUS MOVE CONDSTORE QRESYNC ENABLE")
    options.connectionsMax = 3
    try await DovecotServer.running(options) { server in
      let both = BothSides(try Installation(.plain(server, user: "a")), try await server.client("a"))
      let folders = (1...5).map { Names.made("there", "\($0)") }
      for folder in [Names.made("there")] + folders {
        try await both.createOnServer(folder)
        try await both.append(3, to: folder)
      }
      let daemon = try await both.installation.start("-vv")
      try await both.settle()
      for folder in folders {
        try await both.append(1, to: folder)
        try await both.deliver(1, to: folder)
      }
      daemon.signal(SIGUSR1)
      try await both.settle()
      #expect(await daemon.stop() == .exited(0))
      // Asked once or twice too often, and then no more.
      let refusals = server.log.split(separator: "\n").count { $0.contains("Maximum number of connections") }
      #expect(refusals <= 4, "\(server.log)")
      #expect(!daemon.standardErrors.contains("error:"), "\(daemon.standardErrors)")
    }
  }

  @Test("by a stop of martlet while its server restarts is over when it goes on (L5)")
  func stopped() async throws {
    try await DovecotServer.running { server in
      try await Running.with(server, messages: 10) { both, daemon in
        daemon.pause()
        try await server.restart()
        let again = await BothSides(both, try await server.client("a"))
        let mails = await again.mails
        try await again.append(3)
        try await again.deliver(3)
        try await again.expunge(mails[0])
        try await again.unlink(mails[1])
        daemon.resume()
        try await again.settle(within: .seconds(40))
      }
    }
  }

  @Test(
    "by a change of network: a connection that is dead is found out in seconds, and made anew (L5)",
    .enabled("this machine permits no network namespace with a link in it") { await PrivateNetwork.isPermitted() })
  func networkChange() async throws {
    try await DovecotServer.running { server in
      let network = try await PrivateNetwork()
      // A server that is reached without a network, and falls silent all the same.
      let tunnel = try Tunnel(try server.tunnelCommand(user: "a"))
      let both = BothSides(try Installation(tunnel.place, prefix: network.entering), try await server.client("a"))
      try await both.append(5)
      let daemon = try await both.installation.start("-vv")
      try await both.settle()
      try tunnel.signal(SIGSTOP)
      try await both.append(2)
      try await network.addLink()
      _ = try await daemon.line(of: .errors) { $0.contains("no answer for 10 s") }
      try await both.deliver(2)
      try await both.settle()
      #expect(await daemon.stop() == .exited(0))
      try await tunnel.waitUntilGone()
    }
  }
}
