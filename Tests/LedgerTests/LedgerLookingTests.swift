import Foundation
import LedgerSQLite
import Mail
import Ports
import Reactor
import Reconciliation
import Support
import Testing

@Suite("Looking into a ledger")
struct LedgerLookingTests {
  private let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory("ledger") }

  @Test("shows what is in it while its owner goes on writing, and changes nothing")
  func beside() async throws {
    try await Reactor.onShared {
      let owner = try SQLiteLedger(directory: scratch.path)
      _ = try owner.addFolder(Sides(near: .inbox, far: .inbox))
      let view = try SQLiteLedger(lookingInto: scratch.path)
      #expect(try view.folders().map(\.names.far) == [.inbox])
      #expect(throws: LedgerError.self) { try view.setFact("a", to: "b") }
      let work = try #require(FolderName("Work"))
      _ = try owner.addFolder(Sides(near: work, far: work))
      #expect(try view.folders().count == 2)
      view.close()
      #expect(try owner.folders().count == 2)
      owner.close()
    }
  }

  @Test("makes none where there is none, and widens no rights")
  func absent() async throws {
    try await Reactor.onShared {
      let error = #expect(throws: LedgerError.self) { try SQLiteLedger(lookingInto: scratch.path) }
      #expect(error?.isDamage == false)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    // Its owner has just made the file.
    try Data().write(to: URL(filePath: scratch.path + "/" + SQLiteLedger.fileName))
    try await Reactor.onShared {
      let view = try SQLiteLedger(lookingInto: scratch.path)
      #expect(try !view.isBegun())
      view.close()
      let owner = try SQLiteLedger(directory: scratch.path)
      #expect(try owner.isBegun())
      owner.close()
    }
  }

  @Test("tells damage, and leaves it where it is")
  func damaged() async throws {
    let path = scratch.path + "/" + SQLiteLedger.fileName
    try Data(repeating: 65, count: 5000).write(to: URL(filePath: path))
    try await Reactor.onShared {
      let error = #expect(throws: LedgerError.self) { try SQLiteLedger(lookingInto: scratch.path) }
      #expect(error?.isDamage == true)
    }
    #expect(try Data(contentsOf: URL(filePath: path)) == Data(repeating: 65, count: 5000))
  }

  @Test("a glance tells a fact that is there from one that is not, and doubts what it cannot read")
  func glance() async throws {
    #expect(!LedgerGlance.mayKnow("root", in: scratch.path))
    try await Reactor.onShared {
      let ledger = try SQLiteLedger(directory: scratch.path)
      #expect(!LedgerGlance.mayKnow("root", in: scratch.path))
      try ledger.setFact("root", to: "a")
      #expect(LedgerGlance.mayKnow("root", in: scratch.path))
      ledger.close()
    }
    #expect(LedgerGlance.mayKnow("root", in: scratch.path))
    #expect(!LedgerGlance.mayKnow("other", in: scratch.path))
    try Data().write(to: URL(filePath: scratch.path + "/" + SQLiteLedger.fileName))
    #expect(!LedgerGlance.mayKnow("root", in: scratch.path))
    try Data(repeating: 65, count: 5000).write(to: URL(filePath: scratch.path + "/" + SQLiteLedger.fileName))
    #expect(LedgerGlance.mayKnow("root", in: scratch.path))
  }

  @Test("tells who holds an account without touching its lock")
  func holder() throws {
    #expect(AccountLock.holder(directory: scratch.path) == nil)
    let lock = try AccountLock(directory: scratch.path)
    #expect(AccountLock.holder(directory: scratch.path) == getpid())
    withExtendedLifetime(lock) {}
  }

  @Test("names the process that people know where another one of the same program holds the lock")
  func holderOfTwo() throws {
    let lock = try AccountLock(directory: scratch.path, processID: getppid())
    #expect(AccountLock.holder(directory: scratch.path) == getppid())
    let error = #expect(throws: AccountLockError.self) { try AccountLock(directory: scratch.path) }
    #expect(error == .held(directory: scratch.path, processID: getppid()))
    withExtendedLifetime(lock) {}
  }
}
