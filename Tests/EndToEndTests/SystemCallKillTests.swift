import Foundation
import Support
import Testing

/// `kill -9` at system calls: each kill is a run of its own, and the moments are spread evenly over all calls of a run
/// that change something or speak. `MARTLET_KILLS` asks for more of them.
@Suite("martlet killed at a system call", .notAllAtOnce)
struct SystemCallKillTests {
  private static let kills = ProcessInfo.processInfo.environment["MARTLET_KILLS"].flatMap(Int.init) ?? 16

  @Test("loses nothing, doubles nothing, tears nothing and leaves nothing behind (L1, L2, L3, L5)")
  func kill() async throws {
    try await DovecotServer.running { server in
      let kinds = Killing.Kind.all
      let recordings = try await sideBySide(kinds) { try await Killing(server, $0).record() }
      let points = zip(kinds, recordings).enumerated().flatMap { index, recording in
        let (kind, calls) = recording
        let count = Self.kills / kinds.count + (index < Self.kills % kinds.count ? 1 : 0)
        return (0..<count).map { (kind, calls.prefix((2 * $0 + 1) * calls.count / (2 * count) + 1)) }
      }
      let outcomes = try await sideBySide(points) { try await Killing(server, $0.0).kill(atLastOf: $0.1) }
      report(outcomes)
    }
  }

  private func report(_ outcomes: [Killing.Outcome]) {
    let groups = Dictionary(grouping: outcomes) { "\($0.call.name) (\($0.call.object))" }
    for (name, outcomes) in groups.sorted(by: { $0.key < $1.key }) {
      let findings = outcomes.count { $0.finding != nil }
      print(
        "  \(name.padding(toLength: 24, withPad: " ", startingAt: 0)) \(outcomes.count) kills, \(findings) findings")
    }
    let findings = outcomes.compactMap(\.finding)
    print("  \(outcomes.count) kills at system calls in all, \(findings.count) findings")
    for finding in findings { Issue.record("\(finding)") }
    #expect(outcomes.count == Self.kills)
  }
}

/// One account, made, killed, and looked at again.
struct Killing: Sendable {
  struct Kind: Sendable {
    let scene: LivelyAccount.Scene
    let command: String

    static let all = LivelyAccount.Scene.allCases.flatMap { scene in
      ["sync", "run"].map { Kind(scene: scene, command: $0) }
    }
  }

  struct Outcome: Sendable {
    /// At which it was killed, in truth.
    let call: SystemCall
    /// What the laws forbid.
    let finding: String?
  }

  /// How long a daemon has for its work. One that lives when both sides are equal is done, and was not killed.
  private static let patience = Duration.seconds(30)
  /// How long it has for what it does once they are: its ledger, its limbo.
  private static let afterthought = Duration.seconds(1)

  private let server: DovecotServer
  private let kind: Kind

  init(_ server: DovecotServer, _ kind: Kind) {
    self.server = server
    self.kind = kind
  }

  /// The calls of a run that nobody disturbs.
  func record() async throws -> [SystemCall] {
    let (account, calls, _) = try await play(killingAt: nil)
    try await account.requireLaws(eyes: try await server.client(account.both.client.user))
    return calls
  }

  /// Threads take their turns in another order each time, and what they find is not always the same, so that a call may
  /// not be reached: then an earlier one of its name, and where there is none, the one recorded before it.
  func kill(atLastOf recorded: ArraySlice<SystemCall>) async throws -> Outcome {
    var (earlier, ordinal) = (recorded, recorded.last?.ordinal ?? 0)
    while let wanted = earlier.last {
      let call = SystemCall(name: wanted.name, ordinal: ordinal, object: wanted.object)
      let (account, calls, isKilled) = try await play(killingAt: call)
      guard isKilled else {
        ordinal = ordinal * 3 / 4
        if ordinal == 0 {
          while earlier.last?.name == wanted.name { earlier.removeLast() }
          ordinal = earlier.last?.ordinal ?? 0
        }
        continue
      }
      do {
        try await account.requireLaws(eyes: try await server.client(account.both.client.user))
        return Outcome(call: calls.last ?? call, finding: nil)
      } catch {
        return Outcome(call: calls.last ?? call, finding: "\(kind), \(call.name) number \(ordinal): \(error)")
      }
    }
    throw SupportError("\(kind): none of \(recorded.count) recorded calls was reached")
  }

  private func play(killingAt call: SystemCall?) async throws -> (LivelyAccount, [SystemCall], isKilled: Bool) {
    let account = try await LivelyAccount(server, user: UUID().uuidString.lowercased(), kind.scene)
    let installation = account.both.installation
    let file = installation.folder.appending("strace")
    let isDaemon = kind.command == "run"
    if !isDaemon { for step in account.steps { try await step() } }
    let martlet = try ChildProcess(
      SystemCall.tracing(installation.command([kind.command]), to: file, killingAt: call),
      environment: installation.environment)
    if isDaemon {
      if kind.scene != .firstSync { await awaitWatching(martlet) }
      for step in account.steps { try await step() }
      if call == nil { try await account.both.settle() } else { await awaitEnd(martlet, account.both) }
    }
    let ending = isDaemon ? await martlet.stop(grace: .seconds(30)) : try await martlet.wait(within: .seconds(60))
    let isKilled = ending == .killed(signal: SIGKILL)
    guard isKilled || ending == .exited(0) else { throw SupportError("martlet \(ending): \(martlet.standardErrors)") }
    return (account, try SystemCall.read(file), isKilled)
  }

  private func awaitWatching(_ martlet: ChildProcess) async {
    do {
      _ = try await martlet.line(of: .errors) { $0.contains("watching ") }
    } catch {
      // It was killed before.
    }
  }

  private func awaitEnd(_ martlet: ChildProcess, _ both: BothSides) async {
    let deadline = Deadline(in: Self.patience)
    while !deadline.hasPassed {
      let isDone = await areEqual(both)
      do {
        _ = try await martlet.wait(within: Self.afterthought)
        return
      } catch {
        if isDone { return }
      }
    }
  }

  private func areEqual(_ both: BothSides) async -> Bool {
    do { return try await both.areSettled() } catch { return false }
  }
}

/// As many at a time as there are processors; the results in order.
private func sideBySide<Element: Sendable, Result: Sendable>(
  _ elements: [Element], _ body: @escaping @Sendable (Element) async throws -> Result
) async throws -> [Result] {
  let width = ProcessInfo.processInfo.activeProcessorCount
  return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
    var results: [Int: Result] = [:]
    for (index, element) in elements.enumerated() {
      if index >= width, let (done, result) = try await group.next() { results[done] = result }
      group.addTask { (index, try await body(element)) }
    }
    for try await (done, result) in group { results[done] = result }
    return elements.indices.compactMap { results[$0] }
  }
}
