import Mail
import Ports
import Reactor
import Reconciliation
import Simulation
import Testing

@testable import Engine

@Suite("A folder on a file system of its own")
struct FolderMountTests {
  @Test("is not emptied on the server where that is not mounted, and syncs on when it is back (L1, L8)")
  func unmounted() async throws {
    try await Reactor.onShared {
      let archive = try #require(FolderName("Archive"))
      let stage = try await StormStage(5, folders: [.inbox, archive])
      let (near, far) = (stage.account.near, stage.account.far)
      near.folders[archive]?.isOnOwnFileSystem = true
      near.folders[archive]?.inode = 2
      #expect(try await stage.fullPass().isClean)
      let mounted = near.folders[archive]
      near.folders[archive]?.isOnOwnFileSystem = false
      near.folders[archive]?.inode = 1
      near.folders[archive]?.messages = [:]
      far.put(SimulatedMessage("meanwhile"), in: archive)
      for _ in 1...2 {
        let failures = try await FullPass(context: stage.context, options: PassOptions(), names: nil).run().failures
        #expect(failures.count == 1)
        #expect(failures.values.allSatisfy { $0.kind == .needsPerson && $0.text.contains("5 messages of before") })
        try await stage.restart()
      }
      #expect(stage.left(in: archive) == 6)
      #expect(near.contents(of: archive).isEmpty)
      near.folders[archive] = mounted
      #expect(try await stage.fullPass().isClean)
      #expect(near.contents(of: archive).count == 6)
    }
  }

  @Test("comes to lie there as it was, and what is missing then goes on a person's word", arguments: [0, 1])
  func moved(missing: Int) async throws {
    try await Reactor.onShared {
      let stage = try await StormStage(5)
      try stage.remove(0..<missing)
      stage.account.near.folders[.inbox]?.isOnOwnFileSystem = true
      stage.account.near.folders[.inbox]?.inode = 2
      let outcome = try await FullPass(context: stage.context, options: PassOptions(), names: nil).run()
      #expect(outcome.failures.count == missing)
      #expect(stage.left() == 5)
      _ = try await stage.fullPass(PassOptions(allowsDeletions: true))
      #expect(stage.left() == 5 - missing)
      #expect(try await stage.fullPass().isClean)
    }
  }
}
