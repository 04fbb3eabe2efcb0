import Foundation
import Fuzzing
import Ports
import Reactor
import Testing

/// The inputs that fuzzing starts from, and those with which it once found something.
@Suite("Strangers' octets (law L12)")
struct CorpusTests {
  struct Input: Sendable, CustomTestStringConvertible {
    let target: String
    let file: URL
    var testDescription: String { "\(target)/\(file.lastPathComponent)" }
  }

  static let inputs: [Input] = {
    do {
      let corpora = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpora")
      return try FuzzTarget.all.flatMap { target in
        try FileManager.default.contentsOfDirectory(
          at: corpora.appending(path: target.name), includingPropertiesForKeys: nil
        ).sorted { $0.path < $1.path }.map { Input(target: target.name, file: $0) }
      }
    } catch {
      Issue.record("the corpora cannot be read: \(error)")
      return []
    }
  }()

  @Test("what was thought up once holds for ever", arguments: inputs)
  func input(_ input: Input) async throws {
    let target = try #require(FuzzTarget.named(input.target))
    let octets = [UInt8](try Data(contentsOf: input.file))
    try await Reactor.onShared { try await target.run(octets, on: YieldingLoop()) }
  }

  @Test("each target has inputs to start from", arguments: FuzzTarget.all.map(\.name))
  func corpus(_ target: String) { #expect(Self.inputs.contains { $0.target == target }) }
}

/// The reactor cannot tell when everybody waits. By so many turns they do; if not, a server's next word comes early.
private struct YieldingLoop: RestingLoop {
  private static let turns = 100

  func rest() async -> Bool {
    for _ in 0..<Self.turns { await Task.yield() }
    return true
  }
}
