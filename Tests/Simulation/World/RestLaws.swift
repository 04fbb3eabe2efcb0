import Mail
import Reconciliation

/// What has to hold when the world is at rest: both sides are equal (L2), each message is there as often as people want
/// it (L1, L3, L7), and marked as they marked it (L6).
extension LawBook {
  package func checkRest() {
    let near = Inventory.near(site.disk, root: Setting.root, site.setting.layout, &registry.bag)
    let far = Inventory.far(site.server, &registry.bag)
    checkEqual(near, far)
    checkBase(near: near, far: far, except: [])
    for number in 0..<registry.bag.count { check(number, near, far) }
    checkOutside()
  }

  // MARK: L2

  private func checkEqual(_ near: Inventory, _ far: Inventory) {
    for folder in near.folders.symmetricDifference(far.folders).sorted() {
      report(.converges, "only the \(near.folders.contains(folder) ? "local" : "remote") side has the folder \(folder)")
    }
    for folder in near.folders.intersection(far.folders).sorted() {
      let (here, there) = (near.items(in: folder), far.items(in: folder))
      for item in here + there where item.number == nil {
        report(.survivesCrashes, "\(folder): \(item.key) is no message")
      }
      for number in Set((here + there).compactMap(\.number)).sorted() {
        let (ours, theirs) = (here.filter { $0.number == number }, there.filter { $0.number == number })
        let isHidden = ours.contains(where: \.hidesKeywords)
        let (left, right) = (shared(ours, isHidden), shared(theirs, isHidden))
        if left != right {
          report(.converges, "\(folder): m\(number) is locally \(left), remotely \(right)")
        }
      }
    }
  }

  private func shared(_ items: [Item], _ isHidden: Bool) -> [String] {
    items.map { shared(isHidden ? FlagSet($0.flags.system) : $0.flags) }.sorted()
  }

  /// What the server can hold of it.
  private func shared(_ flags: FlagSet) -> String {
    guard case .only(let held) = site.setting.server.keywords else { return "(\(flags))" }
    let keywords = held.compactMap { Keyword($0) }
    return "(\(flags.intersection(FlagSet(.all, keywords: keywords))))"
  }

  // MARK: L1, L3, L6, L7

  private func check(_ number: Mailbag.Number, _ near: Inventory, _ far: Inventory) {
    let history = registry.chronicle[number]
    for (side, inventory) in [(Side.near, near), (.far, far)] {
      let places = inventory.places(number)
      let count = places.values.reduce(0, +)
      if count == 0, !history.hasBeenRemoved, !history.isExcused, history.made > 0 {
        report(.nothingLost, "m\(number) is gone from the \(side) side, and nobody removed it")
      } else if count > history.made + history.slack {
        report(
          .nothingDoubled, "m\(number) is \(count) times on the \(side) side; people made it \(history.made) times")
      } else if !history.isContested, places != history.places {
        let law: Law = count > history.places.values.reduce(0, +) ? .nothingDoubled : .nothingLost
        report(
          law,
          "m\(number) is in \(Self.text(places)) on the \(side) side; people left it in \(Self.text(history.places))")
      }
      if history.isSingle, !history.hasUnsettledFlags, places == history.places {
        for item in inventory.items(number) { checkFlags(item, history, side) }
      }
    }
  }

  private func checkFlags(_ item: Item, _ history: History, _ side: Side) {
    var expected = history.flags.subtracting(history.contestedFlags)
    var found = item.flags.subtracting(history.contestedFlags)
    let isVague = if case .only = site.setting.server.keywords { true } else { item.hidesKeywords }
    if isVague {
      expected = FlagSet(expected.system)
      found = FlagSet(found.system)
    }
    guard expected != found else { return }
    report(
      .flagsMerge, "\(item.folder): \(named(item.number)) is marked (\(found)) on the \(side) side, not (\(expected))")
  }

  private static func text(_ places: [FolderName: Int]) -> String {
    places.isEmpty
      ? "no folder" : places.sorted { $0.key < $1.key }.map { "\($0.key) ×\($0.value)" }.joined(separator: ", ")
  }

  // MARK: L12, L13

  /// Nothing was touched beside the Maildir, and no login could be overheard.
  private func checkOutside() {
    let outside = site.disk.dump(below: "/").filter {
      !$0.contains(" \(Setting.root)/") && !$0.hasSuffix(" \(Setting.root)")
    }
    let names = outside.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
    if names != ["directory /home", "directory /home/user", "file /home/user/.profile"] {
      report(.inputIsData, "something was left outside of the Maildir: \(names)")
    }
    for login in site.server.record.logins where !login.wasConfidential {
      report(.secretsStaySecret, "session \(login.session) sent a password in clear")
    }
    if site.setting.isTraced, site.log.lines.contains(where: { $0.contains(Setting.password) }) {
      report(.secretsStaySecret, "the log holds the password")
    }
  }
}
