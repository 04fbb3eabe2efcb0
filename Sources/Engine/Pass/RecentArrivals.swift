import Mail
import Ports
import Reconciliation

/// Which messages came to a folder a moment ago, as the base was told: what goes from another folder then was moved, and
/// what goes where it came from was replaced.
@Loop
final class RecentArrivals {
  /// Who saves a message to another folder removes it from the first one within so long, mostly. What takes longer is a
  /// deletion to the brake, which is the safe side.
  static let memory: Duration = .seconds(600)
  /// A mail program saves its drafts one by one: of more that come at once none is taken for one.
  static let savesMax = 5
  /// Beyond so many, none is remembered.
  static let countMax = 20_000
  /// What is older than `memory` is let go of whenever there are twice as many as the last time, and more than these.
  static let sweptMin = 256

  private struct Place: Hashable {
    let folder: FolderID
    let digest: MessageDigest
  }

  private struct Arrival {
    let time: LoopInstant
    /// The side that had it first; nil where that is not known.
    var source: Side?
  }

  private var places: [Place: Arrival] = [:]
  private var sweptNext = sweptMin

  /// With those that are too old and not yet let go of.
  var count: Int { places.count }

  func note(_ changes: [LedgerChange], at now: LoopInstant) {
    for case .addPair(let folder, _, _, let identity, _) in changes {
      places[Place(folder: folder, digest: identity.digest)] = Arrival(time: now)
    }
    guard places.count > sweptNext else { return }
    places = places.filter { $0.value.time.duration(to: now) <= Self.memory }
    if places.count > Self.countMax { places = [:] }
    sweptNext = min(Self.countMax, max(Self.sweptMin, 2 * places.count))
  }

  /// To be told after `note`, of what is sent one by one, or nearly so.
  func came(_ digest: MessageDigest, to folder: FolderID, from side: Side) {
    places[Place(folder: folder, digest: digest)]?.source = side
  }

  func contains(_ digest: MessageDigest, in folder: FolderID, at now: LoopInstant) -> Bool {
    places[Place(folder: folder, digest: digest)].map { $0.time.duration(to: now) <= Self.memory } ?? false
  }

  /// True where the message was brought from `side` while the brake's meter remembers. Gone there, it is one of the many
  /// that a mail program saves of a draft, and tells of no storm.
  func isBrief(_ digest: MessageDigest, in folder: FolderID, from side: Side, at now: LoopInstant) -> Bool {
    guard let arrival = places[Place(folder: folder, digest: digest)] else { return false }
    return arrival.source == side && arrival.time.duration(to: now) <= DeletionMeter.memory
  }
}
