import Mail
import Ports
import Reconciliation

/// What a stage looks like from outside, for those who judge a play.
extension CrashStage {
  /// A message on the server.
  struct Place: Hashable {
    let mailbox: String
    let uid: UID
  }

  /// True where the last process died in the place of the effect that was chosen.
  var hasDied: Bool { lastLife.map { life in life.deathStep.map { life.steps >= $0 } ?? false } ?? false }

  /// Messages whose pairs the base has, under the numbers that they have now.
  func pairedMessages() throws -> Set<Place> {
    var places: Set<Place> = []
    for folder in try site.vault.current.folders() {
      guard let box = site.server.mailbox(of: folder.names.far), case .imap(let known)? = folder.checkpoints.far,
        known.uidValidity.rawValue == box.uidValidity
      else { continue }
      for pair in try site.vault.current.pairs(in: folder.id) {
        if let uid = pair[.far].key.uid { places.insert(Place(mailbox: box.name, uid: uid)) }
      }
    }
    return places
  }

  /// Of all that a pass could change.
  var fingerprints: [String: String] {
    [
      "server": "\(site.server.record.changes)",
      "Maildir": site.disk.dump(below: Setting.root).joined(separator: "\n"),
      "ledger": "\(site.vault.changes.count)",
    ]
  }

  /// A line for each message of either side: where it is, how it is marked, and its date.
  var messageLines: [String] {
    let near = people.inventory(.near).items.map { item in
      line(item, "near", date: site.disk.status(item.path).map { $0.modified / 1_000_000_000 })
    }
    let far = people.inventory(.far).items.map { item in
      let message = item.key.uid.flatMap { site.server.mailbox(of: item.folder)?.message($0) }
      return line(item, "far", date: message?.internalDate.secondsSince1970)
    }
    return (near + far).sorted()
  }

  private func line(_ item: Item, _ side: String, date: Int64?) -> String {
    let name = item.number.flatMap { people.name(of: $0) } ?? "?"
    return "\(side) \(item.folder) \(NamedMessage(name: name, flags: item.flags)) \(date.map { "\($0)" } ?? "undated")"
  }
}
