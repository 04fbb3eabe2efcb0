import Mail
import Reconciliation
import Testing

/// The planner over every small world: one pair and one message outside it, each view in every state, both kinds of
/// evidence. What must hold is said by law, not by example.
@Suite("Reconcile")
struct ReconcileTests {
  private static let flagSets: [FlagSet] = [.none, FlagSet([.seen]), FlagSet([.flagged]), FlagSet([.seen, .flagged])]
  private static let near = MessageKey.file("n")
  private static let far = MessageKey.uid(1)

  /// What one look says of the pair's message.
  enum Sight: Hashable {
    case silent
    case gone
    case unreadable
    case shown(FlagSet)
  }

  static let sights: [Sight] = [.silent, .gone, .unreadable] + flagSets.map { .shown($0) }
  static let coverages: [Look.Coverage] = [.complete, .changes]

  private static func look(_ sight: Sight, _ key: MessageKey, _ coverage: Look.Coverage) -> Look {
    var look = Look(coverage: coverage)
    switch sight {
    case .silent: break
    case .gone: look.gone = [key]
    case .unreadable: look.unreadable = [key: "not a file"]
    case .shown(let flags): look.present = [key: Observation(flags: flags)]
    }
    return look
  }

  /// Positive evidence that the message is no more.
  private static func isGone(_ sight: Sight, _ coverage: Look.Coverage) -> Bool {
    sight == .gone || (sight == .silent && coverage == .complete)
  }

  private static func flags(_ sight: Sight, _ base: FlagSet) -> FlagSet {
    if case .shown(let flags) = sight { flags } else { base }
  }

  private func forEveryWorld(
    _ body: (Pair, Sides<Sight>, Sides<Look.Coverage>, FolderPlan) -> Void
  ) {
    for baseNear in Self.flagSets {
      for baseFar in Self.flagSets {
        let pair = Pair(
          id: PairID(rawValue: 1), near: Sighting(key: Self.near, flags: baseNear),
          far: Sighting(key: Self.far, flags: baseFar))
        for near in Self.sights {
          for far in Self.sights {
            for nearCoverage in Self.coverages {
              for farCoverage in Self.coverages {
                let plan = reconcile(
                  base: [pair], near: Self.look(near, Self.near, nearCoverage),
                  far: Self.look(far, Self.far, farCoverage))
                body(pair, Sides(near: near, far: far), Sides(near: nearCoverage, far: farCoverage), plan)
              }
            }
          }
        }
      }
    }
  }

  @Test("deletes on one side only what was positively seen gone on the other (L1, L7, L8)")
  func deletions() {
    forEveryWorld { pair, sights, coverages, plan in
      let gone = Sides(
        near: Self.isGone(sights.near, coverages.near), far: Self.isGone(sights.far, coverages.far))
      for side in Side.allCases {
        let expected = gone[side.other] && !gone[side] ? [Removal(pair, on: side)] : []
        #expect(plan.deletions[side] == expected)
      }
      #expect(plan.forgotten == (gone.near && gone.far ? [pair] : []))
    }
  }

  @Test("carrying out the flag changes makes a further pass empty (L2, L6)")
  func convergence() {
    forEveryWorld { pair, sights, coverages, plan in
      guard !Self.isGone(sights.near, coverages.near), !Self.isGone(sights.far, coverages.far) else { return }
      var after = Sides(
        near: Self.flags(sights.near, pair[.near].flags), far: Self.flags(sights.far, pair[.far].flags))
      for side in Side.allCases {
        for update in plan.updates[side] {
          after[side] = after[side].union(update.adding).subtracting(update.removing)
        }
      }
      var settled = pair
      for side in Side.allCases { settled[side].flags = after[side] }
      let again = reconcile(
        base: [settled], near: Self.look(.shown(after.near), Self.near, .complete),
        far: Self.look(.shown(after.far), Self.far, .complete))
      #expect(again.isEmpty)
    }
  }

  @Test("follows each side's changes, and no other difference (L6)")
  func onlyChanges() {
    forEveryWorld { pair, sights, _, plan in
      for side in Side.allCases {
        for update in plan.updates[side] {
          let other = Self.flags(sights[side.other], pair[side.other].flags)
          let base = pair[side.other].flags
          #expect(update.adding.subtracting(other.subtracting(base)).isEmpty)
          #expect(update.removing.subtracting(base.subtracting(other)).isEmpty)
        }
      }
    }
  }

  @Test("takes a message that the base does not know for an arrival, never for anything else")
  func arrivals() {
    let observation = Observation(flags: FlagSet([.seen]))
    let look = Look(coverage: .complete, present: [Self.near: observation])
    let plan = reconcile(base: [], near: look, far: Look(coverage: .complete))
    var expected = FolderPlan()
    expected.arrivals.near = [Arrival(key: Self.near, observation: observation)]
    #expect(plan == expected)
  }

  @Test("a keyword that a message's marks may hide is never taken for removed, and other flags are (L6)")
  func hiddenKeywords() throws {
    let keyword = try #require(Keyword("urgent"))
    let flags = FlagSet([.seen], keywords: [keyword])
    let pair = Pair(
      id: PairID(rawValue: 1), near: Sighting(key: Self.near, flags: flags), far: Sighting(key: Self.far, flags: flags))
    for hides in [true, false] {
      let shown = Observation(flags: FlagSet(.flagged), hidesKeywords: hides)
      let plan = reconcile(base: [pair], near: Look(coverage: .complete, present: [Self.near: shown]), far: .nothing)
      let update = try #require(plan.updates.far.first)
      #expect(update.adding == FlagSet(.flagged))
      #expect(update.removing == FlagSet(.seen, keywords: hides ? [] : [keyword]))
    }
  }
}
