import Mail
import Ports
import Reconciliation

/// A plan in words, one line a step, as `sync --dry-run` prints it.
@Loop
struct PlanDescription {
  let context: AccountContext
  let folder: SyncedFolder

  func run(
    _ plan: FolderPlan, looks: Sides<Look>, scopes: Sides<LookScope?>, _ options: PassOptions
  ) async throws(StoreError) -> (steps: [String], work: [PlannedWork]) {
    var plan = plan
    var matched: [Matching.KeyPair] = []
    // Without a base, what both sides have is matched first: nothing of it is copied.
    if options.isThorough || folder.lastPass == nil {
      let linking = ArrivalLinking(context: context, folder: folder, looks: looks, scopes: scopes)
      matched = try await linking.matches(among: plan.arrivals)
      let known = Sides(near: Set(matched.map(\.near)), far: Set(matched.map(\.far)))
      for side in Side.allCases { plan.arrivals[side].removeAll { known[side].contains($0.key) } }
    }
    return (lines(of: matched) + lines(of: plan), PlannedWork.of(plan, matched: matched.count, in: folder.title))
  }

  private func lines(of plan: FolderPlan) -> [String] {
    var lines: [String] = []
    for side in Side.allCases {
      let place = printable("\(folder.names[side])")
      let target = "\(side.other) \(printable("\(folder.names[side.other])"))"
      lines += plan.arrivals[side].map { "copy \(side) \(place) \($0.key) to \(target)" }
    }
    for side in Side.allCases {
      let place = "\(side) \(printable("\(folder.names[side])"))"
      lines += plan.updates[side].map { "flag \(place) \($0.key)\(signed($0.adding, "+"))\(signed($0.removing, "-"))" }
      lines += plan.deletions[side].map { "delete \(place) \($0.key)" }
    }
    return lines
  }

  /// Messages that both sides have and the base does not know.
  private func lines(of matched: [Matching.KeyPair]) -> [String] {
    matched.map {
      "match local \(printable("\(folder.names.near)")) \($0.near) with remote \(printable("\(folder.names.far)")) \($0.far)"
    }
  }

  private func signed(_ flags: FlagSet, _ sign: String) -> String {
    flags.isEmpty ? "" : " \(sign)(\(printable(flags.description)))"
  }
}
