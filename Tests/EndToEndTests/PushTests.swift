import Foundation
import Mail
import Support
import Testing

/// The daemon at work: whatever changes on one side is soon on the other, and whatever happens to the connection.
@Suite("martlet run carries every change over", .notAllAtOnce)
struct PushTests {
  enum Watch: String, CaseIterable { case notify, idle, cyrus }

  @Test("each kind of change, each way, within seconds", arguments: Watch.allCases)
  func everyKind(watch: Watch) async throws {
    try await watch.run { server in
      try await Running.with(server, messages: 10) { both, daemon in
        let mails = await both.mails
        let steps: [(String, @Sendable () async throws -> Void)] = [
          ("new mail by LMTP or APPEND", { try await both.append(1) }),
          ("a flag on the server", { try await both.storeOnServer(.add, FlagSet(.flagged), mails[0]) }),
          (
            "a keyword on the server",
            { try await both.storeOnServer(.add, FlagSet(keywords: [Names.keyword]), mails[1]) }
          ),
          ("an expunge", { try await both.expunge(mails[2]) }),
          ("a move on the server", { try await both.moveOnServer(mails[3], to: Names.work) }),
          (
            "a folder on the server",
            {
              try await both.createOnServer(Names.archive)
              // Only NOTIFY tells of folders; else the next full pass finds them.
              if watch != .notify { daemon.signal(SIGUSR1) }
            }
          ),
          ("mail in the new folder", { try await both.append(2, to: Names.archive) }),
          ("a file in new", { try await both.deliver(1) }),
          ("a flag in a name", { try await both.setInMaildir([.seen, .answered], mails[4]) }),
          ("a keyword in a name", { try await both.addInMaildir(Names.keyword, mails[5]) }),
          ("an unlink", { try await both.unlink(mails[6]) }),
          ("a move in the Maildir", { try await both.moveInMaildir(mails[7], to: Names.work) }),
          ("a keyword on another", { try await both.addInMaildir(Names.keyword, mails[8]) }),
          ("its move in the Maildir", { try await both.moveInMaildir(mails[8], to: Names.work) }),
          ("a folder in the Maildir", { try await both.makeInMaildir(Names.here) }),
          ("a file in the new folder", { try await both.deliver(1, to: Names.here) }),
        ]
        for (name, step) in steps {
          try await step()
          do { try await both.settle(within: .seconds(10)) } catch { throw SupportError("\(name): \(error)") }
        }
        // No command of ours brought a session of the server down.
        let panics = server.log.split(separator: "\n").filter { $0.contains("Panic") }
        #expect(panics == [], "\(daemon.standardErrors)")
      }
    }
  }

  @Test("mail that is put into a folder the moment it is on the other side", arguments: [true, false])
  func newFolders(areLocal: Bool) async throws {
    try await DovecotServer.running { server in
      try await Running.with(server, messages: 1) { both, _ in
        for number in 1...12 {
          let folder = Names.made(areLocal ? "here \(number)" : "there \(number)")
          if areLocal {
            try await both.makeInMaildir(folder)
            try await both.client.waitForFolder(folder, exists: true)
            try await both.deliver(1, to: folder)
          } else {
            try await both.createOnServer(folder)
            try await both.installation.watch.wait { $0.folders[folder] != nil }
            try await both.append(1, to: folder)
          }
          do { try await both.settle(within: .seconds(10)) } catch { throw SupportError("\(folder): \(error)") }
        }
      }
    }
  }

  @Test("a burst of 500 new messages and 500 flag changes, each way at once")
  func burst() async throws {
    try await DovecotServer.running { server in
      try await Running.with(server, messages: 500) { both, _ in
        let mails = await both.mails
        try await both.append(250)
        try await both.deliver(250, to: Names.work)
        try await both.add(FlagSet(.flagged), to: mails[0..<250])
        try await both.setInMaildir([.seen, .answered], mails[250..<500])
        try await both.settle(within: .seconds(60))
      }
    }
  }

  enum Trouble: CaseIterable { case restart, kick, cut, silence, stop }

  @Test("after trouble with the connection, all that changed meanwhile", arguments: Trouble.allCases)
  func trouble(trouble: Trouble) async throws {
    try await DovecotServer.running { server in
      let network = try NetworkProxy(to: server.plainPort)
      try await Running.with(server, messages: 10, port: network.port) { both, daemon in
        switch trouble {
        case .restart:
          await server.stop()
          try await both.deliver(2)
          try await server.start()
        case .kick: try await server.kick("a")
        case .cut: network.become(.cut)
        case .silence: network.become(.silent)
        case .stop: daemon.pause()
        }
        let again = await BothSides(both, try await server.client("a"))
        let mails = await again.mails
        try await again.append(3)
        try await again.expunge(mails[0])
        try await again.deliver(3)
        try await again.unlink(mails[1])
        network.become(.working)
        daemon.resume()
        try await again.settle(within: .seconds(40))
        #expect(daemon.isRunning)
      }
      network.become(.closed)
    }
  }
}

extension PushTests.Watch {
  func run(_ body: (any MailServer) async throws -> Void) async throws {
    switch self {
    case .notify: try await DovecotServer.running { try await body($0) }
    case .idle:
      let capability =
        "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE UIDPLUS MOVE CONDSTORE QRESYNC LIST-EXTENDED LIST-STATUS"
      try await DovecotServer.running(DovecotOptions(capability: capability)) { try await body($0) }
    case .cyrus: try await CyrusServer.running { try await body($0) }
    }
  }
}
