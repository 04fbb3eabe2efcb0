import Control
import Foundation
import Mail
import Support
import Testing

/// `tunnel`: a command whose standard input and output are the server.
@Suite("Through a tunnel", .notAllAtOnce)
struct TunnelTests {
  @Test("each change goes either way at once, and of the commands nothing is left running")
  func works() async throws {
    try await DovecotServer.running { server in
      let tunnel = try Tunnel(try server.tunnelCommand(user: "a"))
      try await running(server, tunnel) { both, _ in
        let mails = await both.mails
        try await both.append(2)
        try await both.deliver(2)
        try await both.storeOnServer(.add, FlagSet(.flagged), mails[0])
        try await both.unlink(mails[1])
        try await both.settle()
      }
      try await tunnel.waitUntilGone()
    }
  }

  @Test("that dies, all that changed meanwhile is carried over by the next (L1, L5)")
  func dies() async throws {
    try await DovecotServer.running { server in
      let tunnel = try Tunnel(try server.tunnelCommand(user: "a"))
      try await running(server, tunnel) { both, daemon in
        for _ in 1...2 {
          try tunnel.signal(SIGKILL)
          try await both.append(2)
          try await both.deliver(2)
          try await both.settle()
        }
        #expect(daemon.standardErrors.contains("was killed by signal 9"))
      }
      try await tunnel.waitUntilGone()
    }
  }

  @Test("that hangs, all that changed meanwhile is carried over when it goes on")
  func hangs() async throws {
    try await DovecotServer.running { server in
      let tunnel = try Tunnel(try server.tunnelCommand(user: "a"))
      try await running(server, tunnel) { both, daemon in
        try tunnel.signal(SIGSTOP)
        try await both.append(2)
        try await both.deliver(2)
        daemon.signal(SIGUSR1)
        _ = try await daemon.line(of: .errors) { $0.contains("a: syncing") }
        try tunnel.signal(SIGCONT)
        try await both.settle()
      }
    }
  }

  @Test("that never says anything, the other account syncs on, and the daemon stops in time (L11)")
  func silent() async throws {
    try await DovecotServer.running { server in
      let tunnel = try Tunnel("sleep 600")
      let both = try await TwoAccounts(server)
      try both.installation.configure(accounts: [("a", tunnel.place), ("b", .plain(server, user: "b"))])
      try await both.whileRunning { _ in
        try await both.wait("b", 1)
        try await both.append(to: "b")
        try await both.wait("b", 2)
      }
      try await tunnel.waitUntilGone()
    }
  }

  @Test("whose command fails is a server that is not reached, 69, in the command's words")
  func fails() async throws {
    let installation = try Installation(Tunnel("echo ssh: no route to host >&2; exit 255").place)
    let outcome = try await installation.sync()
    #expect(outcome.exitCode == 69, "\(outcome.errors)")
    #expect(outcome.errors.contains("ssh: no route to host"), "\(outcome.errors)")
  }

  @Test("to a server that asks for a login logs in where there is a password, and else ends with 77")
  func relay() async throws {
    try await DovecotServer.running { server in
      let command =
        "exec openssl s_client -quiet -verify_return_error -CAfile \(server.authorityFile)"
        + " -connect 127.0.0.1:\(server.tlsPort) 2>/dev/null"
      try await server.client("a").append(SampleMail(number: 1).bytes)
      var place = ServerPlace(lines: ["tunnel = '\(command)'"])
      let refused = try await Installation(place).sync()
      #expect(refused.exitCode == 77, "\(refused.errors)")
      #expect(refused.errors.contains("no password is configured"), "\(refused.errors)")
      place.lines += ["user = \"a\"", "password = \"\(server.password)\""]
      #expect(try await Installation(place).syncCleanly().local.delivered == 1)
    }
  }

  private func running(
    _ server: DovecotServer, _ tunnel: Tunnel, _ body: (BothSides, ChildProcess) async throws -> Void
  ) async throws {
    let both = BothSides(try Installation(tunnel.place), try await server.client("a"))
    try await both.append(10)
    try await both.installation.start("-vv").asDaemon { daemon in
      try await both.settle()
      try await body(both, daemon)
    }
  }
}
