import Foundation
import Support
import Testing

/// Whole worlds, each from a seed. They are played by `martlet-simulate`, because a world binds the process's loop and
/// needs an order of hashing that is the same each time.
@Suite("Whole worlds")
struct WorldTests {
  private static let seeds = 70

  @Test("obey every law, and are the same when they are played again")
  func laws() async throws {
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("martlet-simulate").path
    let jobs = ProcessInfo.processInfo.activeProcessorCount
    let result = try await ChildProcess.run(
      [program, "--seeds", "\(Self.seeds)", "--twice", "--jobs", "\(jobs)"], within: .seconds(1800))
    #expect(result.succeeded, "\(result.output)\(result.errors)")
    #expect(result.output.hasPrefix("\(Self.seeds) worlds"))
  }
}
