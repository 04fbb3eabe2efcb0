import Mail
import Ports
import Reconciliation

/// Which messages came to a folder a moment ago, as the base was told: what goes from another folder then was moved.
@Loop
final class RecentArrivals {
  /// Who saves a message to another folder removes it from the first one within so long, mostly. What takes longer is a
  /// deletion to the brake, which is the safe side.
  static let memory: Duration = .seconds(600)
  /// Beyond so many, none is remembered.
  static let countMax = 20_000

  private struct Place: Hashable {
    let folder: FolderID
    let digest: MessageDigest
  }

  private var places: [Place: LoopInstant] = [:]

  func note(_ changes: [LedgerChange], at now: LoopInstant) {
    for case .addPair(let folder, _, _, let identity, _) in changes {
      places[Place(folder: folder, digest: identity.digest)] = now
    }
    guard places.count > Self.countMax else { return }
    places = places.filter { $0.value.duration(to: now) <= Self.memory }
    if places.count > Self.countMax { places = [:] }
  }

  func contains(_ digest: MessageDigest, in folder: FolderID, at now: LoopInstant) -> Bool {
    places[Place(folder: folder, digest: digest)].map { $0.duration(to: now) <= Self.memory } ?? false
  }
}
