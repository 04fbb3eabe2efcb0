import Mail
import Ports
import Reconciliation
import Simulation
import Testing

@testable import Engine

/// A session that was in sync with both sides, of so many messages, and goes by events from now on.
@Loop
final class StormStage {
  let account: SimulatedAccount
  private(set) var context: AccountContext

  init(_ count: Int, folders: [FolderName] = [.inbox]) async throws {
    account = try await .filled([], folders: folders)
    for folder in folders {
      for number in 0..<count { account.far.put(SimulatedMessage("\(folder) \(number)"), in: folder) }
    }
    context = account.context()
    try await restart()
  }

  func restart() async throws {
    context = account.context()
    try await context.open()
    try await fullPass()
  }

  @discardableResult
  func fullPass(_ options: PassOptions = PassOptions()) async throws -> PassReport {
    try await FullPass(context: context, options: options, names: nil).run().report
  }

  /// As an event asks for it.
  @discardableResult
  func pass(_ name: FolderName = .inbox, _ scope: LookScope = .pending) async throws -> PassReport {
    let folder = try #require(context.folders[.near, name])
    let isNarrow = scope == .pending
    let request = PassRunner.Request(folder: folder, scopes: Sides(near: scope, far: isNarrow ? nil : scope))
    return try await PassRunner(context: context, options: PassOptions(), listing: nil).run([request]).report
  }

  /// Where the brake was told to hold nothing any more.
  func released() -> [AccountEvent] {
    account.recorder.events.filter { if case .released = $0 { true } else { false } }
  }

  /// Somebody removes messages here, in the order of their numbers.
  func remove(_ numbers: Range<Int>, in folder: FolderName = .inbox) throws {
    for number in numbers {
      account.near.remove(try #require(account.near.key(of: "\(folder) \(number)", in: folder)), in: folder)
    }
  }

  func left(in folder: FolderName = .inbox) -> Int { account.far.contents(of: folder).count }

  func calm() { account.clock.advance(by: GatheredDeletions.calm) }
}
