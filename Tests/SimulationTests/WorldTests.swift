import Foundation
import Support
import Testing

/// Whole worlds, each from a seed. They are played by `martlet-simulate`, because a world binds the process's loop and
/// needs an order of hashing that is the same each time.
@Suite("Whole worlds")
struct WorldTests {
  /// Chance is the simulator's own, so that a few worlds tell whether all are the same when they are played again.
  @Test("obey every law, and are the same when they are played again")
  func laws() async throws {
    try await play(1...40, ["--twice"])
    try await play(41...300)
  }

  private func play(_ seeds: ClosedRange<Int>, _ options: [String] = []) async throws {
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("martlet-simulate").path
    let jobs = ProcessInfo.processInfo.activeProcessorCount
    let result = try await ChildProcess.run(
      [program, "--seeds", "\(seeds.lowerBound)..\(seeds.upperBound)", "--jobs", "\(jobs)"] + options,
      within: .seconds(1800))
    #expect(result.succeeded, "\(result.output)\(result.errors)")
    #expect(result.output.hasPrefix("\(seeds.count) worlds"))
  }
}
