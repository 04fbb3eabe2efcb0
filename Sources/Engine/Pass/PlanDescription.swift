import Mail
import Reconciliation

/// A plan in words, one line a step, as `sync --dry-run` prints it.
struct PlanDescription {
  let folder: Sides<FolderName>

  func lines(of plan: FolderPlan) -> [String] {
    var lines: [String] = []
    for side in Side.allCases {
      let place = printable("\(folder[side])")
      let target = "\(side.other) \(printable("\(folder[side.other])"))"
      lines += plan.arrivals[side].map { "copy \(side) \(place) \($0.key) to \(target)" }
    }
    for side in Side.allCases {
      let place = "\(side) \(printable("\(folder[side])"))"
      lines += plan.updates[side].map { "flag \(place) \($0.key)\(signed($0.adding, "+"))\(signed($0.removing, "-"))" }
      lines += plan.deletions[side].map { "delete \(place) \($0.key)" }
    }
    return lines
  }

  /// Messages that both sides have and the base does not know.
  func lines(of matched: [Matching.KeyPair]) -> [String] {
    matched.map {
      "match local \(printable("\(folder.near)")) \($0.near) with remote \(printable("\(folder.far)")) \($0.far)"
    }
  }

  private func signed(_ flags: FlagSet, _ sign: String) -> String {
    flags.isEmpty ? "" : " \(sign)(\(printable(flags.description)))"
  }
}
