/// A part of an account's report that can be long, sent ahead of it.
package struct SyncPiece: Hashable, Sendable, Codable {
  package let account: String
  package let problems: [SyncProblem]
  package let plan: [String]
}

extension SyncReport {
  /// The same report, with what can be long cut into pieces to be sent first.
  func inPieces() -> (pieces: [SyncPiece], rest: SyncReport) {
    var rest = self
    var pieces: [SyncPiece] = []
    for index in accounts.indices {
      let account = accounts[index]
      pieces += account.problems.inRuns.map { SyncPiece(account: account.name, problems: $0, plan: []) }
      pieces += account.plan.inRuns.map { SyncPiece(account: account.name, problems: [], plan: $0) }
      rest.accounts[index].problems = []
      rest.accounts[index].plan = []
    }
    return (pieces, rest)
  }

  /// Puts a piece back where it belongs.
  mutating func add(_ piece: SyncPiece) {
    guard let index = accounts.firstIndex(where: { $0.name == piece.account }) else { return }
    accounts[index].problems += piece.problems
    accounts[index].plan += piece.plan
  }
}

extension Array {
  fileprivate var inRuns: [[Element]] {
    stride(from: 0, to: count, by: ControlWire.pieceCount).map { start in
      Array(self[start..<Swift.min(start + ControlWire.pieceCount, count)])
    }
  }
}
