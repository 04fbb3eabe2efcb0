import ArgumentParser
import Configuration
import Engine
import Mail
import Ports
import Reactor
import Support
import Testing

@testable import martlet

@Suite("An account, put together")
struct AccountWiringTests {
  @Test("can be taken by another once it is closed, whoever still holds on to it")
  func lock() async throws {
    try await Reactor.onShared {
      let stage = try Stage()
      let first = try AccountAssembly(stage.account("a"), stage.program, for: .daemon)
      let refused = #expect(throws: AssemblyError.self) {
        _ = try AccountAssembly(stage.account("a"), stage.program, for: .daemon)
      }
      #expect(refused?.status == .temporaryFailure)
      first.close()
      let second = try AccountAssembly(stage.account("a"), stage.program, for: .daemon)
      withExtendedLifetime(first) {}
      second.close()
    }
  }

  @Test("leaves nothing behind: a root that stayed open could not be unmounted")
  func letsGo() async throws {
    try await Reactor.onShared {
      let stage = try Stage()
      var assembly: AccountAssembly? = try AccountAssembly(stage.account("a"), stage.program, for: .daemon)
      weak let reporter = assembly?.reporter
      weak let context = assembly?.context
      #expect(reporter != nil && context != nil)
      assembly?.close()
      assembly = nil
      #expect(reporter == nil)
      #expect(context == nil)
    }
  }

  @Test("keeps deleted mail for moves to show up, and beyond that as long as a person wants", arguments: [0, 2])
  func keeping(days: Int) {
    var rules = SyncRules()
    rules.trashDays = days
    #expect(rules.trashSeconds == Int64(days) * 86_400)
    #expect(DeletionRules(rules).keepSeconds == (days == 0 ? 3600 : 172_800))
  }

  @Test("is neither opened nor started by a reload that a stop overtakes")
  func stopDuringReload() async throws {
    try await Reactor.onShared {
      let stage = try Stage()
      let roster = AccountRoster(stage.program) {}
      #expect(roster.prepare([stage.account("a")]) == nil)
      roster.start()
      let reload = Loop.task { await roster.change(to: [stage.account("a", brake: 20), stage.account("b")]) }
      while !roster.accounts.isEmpty { await Task.yield() }
      await roster.stop()
      // The one that was on its way out is at rest, too.
      try AccountAssembly(stage.account("a"), stage.program, for: .daemon).close()
      await reload.value
      roster.retryOutages()
      #expect(roster.accounts.isEmpty)
      #expect(roster.outages.isEmpty)
    }
  }
}

/// What the program works with, in a home of its own; nothing is connected to anything.
@Loop
private struct Stage {
  let folder: TemporaryDirectory
  let program: ProgramContext

  init() throws {
    folder = try TemporaryDirectory("wiring")
    let environment = Environment(["HOME": folder.path])
    program = ProgramContext(
      Reactor.startShared(), try CommonOptions.parse(["--quiet"]), environment: environment,
      paths: try Paths(environment: environment.variables),
      errors: ErrorOutput(environment: environment, format: .text),
      outer: nil)
  }

  func account(_ name: String, brake: Int = 50) -> AccountConfiguration {
    var sync = SyncRules()
    sync.brakePercent = brake
    // Nothing listens on port 1.
    let server = IMAPConfiguration(
      endpoint: .host(.init(name: "127.0.0.1", port: 1, security: .plaintext, caFile: nil)), user: "nobody",
      password: .literal(Secret("pw")))
    return AccountConfiguration(
      name: name, near: .maildir(MaildirConfiguration(path: folder.appending(name), layout: .nested)),
      far: .imap(server), folders: FolderRules(), sync: sync)
  }
}
