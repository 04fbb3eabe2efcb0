package import Engine
import Mail
package import Ports
import Reconciliation

/// The laws of `docs/laws.md`, as far as a simulated world can see them broken.
package enum Law: Int, Sendable, CaseIterable, CustomStringConvertible {
  case nothingLost = 1
  case converges
  case nothingDoubled
  case baseIsObserved
  case survivesCrashes
  case flagsMerge
  case deletionAndMove
  case noFalseDeletion
  case brake
  case expungesOwnOnly
  case failsAlone
  case inputIsData
  case secretsStaySecret
  /// No law, and as bad: it goes round in circles, or waits for ever.
  case isAlive

  package var description: String { self == .isAlive ? "alive" : "L\(rawValue)" }
}

package struct Violation: Hashable, Sendable, CustomStringConvertible {
  package let law: Law
  package let text: String

  package init(law: Law, text: String) {
    self.law = law
    self.text = text
  }

  package var description: String { "\(law): \(text)" }
}

/// What people know of a world: every message, and what was done to each.
@Loop
package final class Registry {
  package var bag = Mailbag()
  package var chronicle = Chronicle()

  package init() {}
}

/// Sees that the laws are obeyed, while the world goes on and when it is at rest.
///
/// It looks at the world from outside: at files, at the server's mailboxes and its record of what it was asked, at the
/// ledger's transactions, and at what martlet says; never into the engine.
@Loop
package final class LawBook {
  let site: Site
  let registry: Registry
  package private(set) var violations: [Violation] = []
  /// A person has allowed mass deletions.
  package var allowsDeletions = false
  var deletions = DeletionWindows()
  /// Folders whose own brake holds.
  private(set) var held: Set<FolderName> = []
  private var expungesSeen = 0
  /// How often martlet did something to the disk.
  package private(set) var actCount = 0

  package init(_ site: Site, _ registry: Registry) {
    self.site = site
    self.registry = registry
  }

  package func report(_ law: Law, _ text: String) {
    let violation = Violation(law: law, text: text)
    site.log.note("VIOLATION \(violation)")
    // One broken law is told once; a hundred lines of the same say no more.
    guard violations.count < 20, !violations.contains(violation) else { return }
    violations.append(violation)
  }

  // MARK: While the world goes on

  /// What a martlet process has just done to a file.
  package func saw(_ act: FileAct) {
    actCount += 1
    switch act {
    case .removed(let directory, let bytes):
      guard let number = registry.bag.number(of: bytes) else { return }
      checkEdit(number, bytes)
      deleted(number, on: .near, from: directory, isMove: livesOn(number, besides: directory))
    case .restored(_, let bytes):
      guard let number = registry.bag.number(of: bytes) else { return }
      registry.chronicle[number].removedByMartlet.near -= 1
    case .delivered(let directory, let bytes):
      if registry.bag.number(of: bytes) == nil {
        report(.survivesCrashes, "\(bytes.count) octets that are no message were put into \(directory)")
      }
    case .other: break
    }
  }

  /// What martlet itself brought twice, because it was told of a message under way, it takes back: nothing is lost as long
  /// as this side has one, and no fewer than the other.
  private func isOneTooMany(_ number: Mailbag.Number, on side: Side) -> Bool {
    let near = Inventory.near(site.disk, root: Setting.root, site.setting.layout, &registry.bag).items(number).count
    let far = Inventory.far(site.server, &registry.bag).items(number).count
    let (here, there) = side == .near ? (near, far) : (far, near)
    return here >= max(there, 1)
  }

  /// Brought twice as well, where people took the other one meanwhile: nothing is lost as long as the other side has it.
  private func isTwinOfRemoved(_ number: Mailbag.Number, _ expunge: ServerRecord.Expunge?) -> Bool {
    guard let expunge, registry.chronicle[number].removed.far > 0, site.server.record.hasBrought(expunge) else {
      return false
    }
    return mailFiles().contains { registry.bag.number(of: $0.bytes) == number }
  }

  /// Nobody can have deleted on the server what never was there. What is written while the file is being deleted came
  /// too late.
  private func checkEdit(_ number: Mailbag.Number, _ bytes: [UInt8]) {
    guard let since = registry.bag.edited(bytes), since.duration(to: site.clock.now) > .seconds(1) else { return }
    let wasThere = site.server.record.arrivals.contains { registry.bag.isSame($0.bytes, bytes) }
    let isStillHere = mailFiles().contains { $0.bytes == bytes }
    if !wasThere, !isStillHere { report(.nothingLost, "martlet removed what somebody had made of m\(number)") }
  }

  /// What martlet's sessions have expunged since the last look.
  package func lookAtExpunges() {
    let expunges = site.server.record.expunges
    guard expunges.count > expungesSeen else { return }
    let new = expunges[expungesSeen...]
    expungesSeen = expunges.count
    for expunge in new {
      guard let number = registry.bag.number(of: expunge.bytes) else { continue }
      if expunge.way == .deleteMailbox, !expunge.wasCounted {
        // IMAP has no DELETE on a condition: nobody can look between it and the count before it.
        registry.chronicle.forget(number)
        registry.chronicle[number].isExcused = true
        continue
      }
      if expunge.way == .expunge, expunge.wasMarkedUnseen {
        // Nor has it an EXPUNGE on a condition, without UIDPLUS. Who marked it, or copied it with its mark, did as much.
        registry.chronicle.forget(number)
        registry.chronicle[number].removed.far += 1
        continue
      }
      if expunge.way == .expunge || expunge.way == .close, site.server.profile.extensions.contains(.uidPlus) {
        report(.expungesOwnOnly, "m\(number): \(expunge.way) on a server with UID EXPUNGE")
      }
      let isOthers = expunge.wasMarkedByOthers && registry.chronicle[number].removed.near == 0
      if isOthers { report(.expungesOwnOnly, "m\(number) in \(expunge.mailbox) was marked by somebody else") }
      // Without MOVE a message goes elsewhere by COPY and EXPUNGE.
      let isElsewhere = site.server.mailboxes.contains { box in
        box.name != expunge.mailbox && box.messages.contains { $0.bytes == expunge.bytes }
      }
      deleted(
        number, on: .far, from: expunge.mailbox, isMove: expunge.way == .move || isElsewhere,
        by: expunge)
    }
  }

  /// True where the Maildir has the message in another folder, too: from there it was moved (law L9).
  private func livesOn(_ number: Mailbag.Number, besides directory: String) -> Bool {
    let home = directory.isEmpty ? Setting.root : "\(Setting.root)/\(directory)"
    return mailFiles().contains { file in
      !file.path.hasPrefix("\(home)/cur/") && !file.path.hasPrefix("\(home)/new/")
        && registry.bag.number(of: file.bytes) == number
    }
  }

  private func mailFiles() -> [DiskFile] {
    site.disk.files(below: Setting.root).filter { file in
      (file.path.contains("/cur/") || file.path.contains("/new/")) && !file.path.contains("/.martlet/")
    }
  }

  /// Each deletion needs a removal by a person on the other side; that it is seen before, the order of events tells.
  private func deleted(
    _ number: Mailbag.Number, on side: Side, from place: String, isMove: Bool, by expunge: ServerRecord.Expunge? = nil
  ) {
    registry.chronicle[number].removedByMartlet[side] += 1
    let history = registry.chronicle[number]
    let allowed =
      history.removed[side.other]
      + (side == .near ? history.resurrected + history.seenUnderOldNames : history.movedBack)
    if history.removedByMartlet[side] > allowed, isOneTooMany(number, on: side) || isTwinOfRemoved(number, expunge) {
      // Its own doing, taken back.
      registry.chronicle[number].removedByMartlet[side] -= 1
    } else if isMove, side == .near, !site.server.trouble.showsEmpty.isEmpty {
      // The server shows a copy, and nothing where it came from: to anybody that is a move.
      registry.chronicle.forget(number)
    } else if history.removedByMartlet[side] > allowed {
      report(
        .nothingLost,
        """
        martlet removed m\(number) from the \(side) \(place.isEmpty ? "root" : place) \
        (\(history.removedByMartlet[side]) times), and people on the \(side.other) side removed it \
        \(history.removed[side.other]) times
        """)
    }
    guard !isMove else { return }
    checkBrake(side, place)
  }

  /// What a martlet process says of itself.
  package func heard(_ event: AccountEvent) {
    for text in event.texts { check(text) }
    switch event {
    case .folderSynced(_, let report): held.formUnion(report.held.filter { $0.account == nil }.map(\.folder))
    case .released(let folder?, _, _): held.remove(folder)
    default: break
    }
  }

  private func check(_ text: String) {
    if text.unicodeScalars.contains(where: \.isUnprintable) {
      report(.inputIsData, "a text for people has control characters in it: \(text.debugDescription)")
    }
    if text.contains(Setting.password) { report(.secretsStaySecret, "a text for people holds the password") }
    // Nobody else writes to the ledger here, and nothing in it is damaged.
    if text.contains("contradicts what is recorded") { report(.failsAlone, text) }
  }

  /// A process has ended: what the next one deletes is counted anew.
  package func processEnded() {
    deletions = DeletionWindows()
    lookAtExpunges()
  }
}

extension Unicode.Scalar {
  /// Control characters, and those that turn the direction of writing.
  fileprivate var isUnprintable: Bool {
    switch value {
    case 0...0x1F, 0x7F...0x9F, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
