import Mail
import Ports
import Support

/// What a backup has of the Maildir, martlet's own files included.
struct Backup {
  let directories: [String]
  let files: [DiskFile]

  @Loop
  init(of disk: SimulatedDisk) {
    directories = disk.directories(below: Setting.root)
    files = disk.files(below: Setting.root)
  }

  func text(_ name: String) -> String? {
    files.first { $0.path == "\(Setting.root)/\(name)" }.map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// As `rsync -a --delete` does it: what is the same stays, and what differs is written anew.
  @Loop
  func putBack(on disk: SimulatedDisk) throws(FileError) {
    let (kept, same) = (Set(directories), Set(files))
    let isThere = Set(disk.files(below: Setting.root))
    for file in isThere.subtracting(same).sorted(by: { $0.path < $1.path }) { try disk.unlink(file.path) }
    for directory in disk.directories(below: Setting.root) where !kept.contains(directory) && disk.exists(directory) {
      try disk.removeTree(directory)
    }
    for directory in directories where !disk.exists(directory) { try disk.makeDirectory(directory) }
    for file in files where !isThere.contains(file) {
      let date = InternalDate(secondsSince1970: file.modified / 1_000_000_000)
      try disk.write(file.path, file.bytes, modified: date)
    }
  }
}

/// A Maildir that is put back from a backup (decision 0013).
extension World {
  func backUp() {
    guard backup == nil, site.disk.unmounted.isEmpty, site.disk.exists(Setting.root) else { return }
    backup = Backup(of: site.disk)
  }

  /// Only a copy that can be told from the Maildir as it is: with its marker, and another age.
  func putBack() {
    guard let copy = backup else { return }
    backup = nil
    guard site.disk.unmounted.isEmpty, site.disk.exists(Setting.root), isOlder(copy) else { return }
    if dice.happens(50) {
      martlet?.kill()
      settle()
    }
    let before = people.view().near
    do {
      try copy.putBack(on: site.disk)
    } catch {
      laws.report(.isAlive, "the Maildir cannot be put back: \(error.text)")
    }
    // Whoever does this waits until it is done.
    site.disk.writeBack()
    site.vault.closed()
    laws.wasPutBack(before: before)
  }

  private func isOlder(_ copy: Backup) -> Bool {
    do {
      guard let marker = try site.vault.current.fact(Martlet.markerFact),
        copy.text(Martlet.markerPath) == "\(marker)\n",
        let age = try site.vault.current.fact("near age").flatMap({ Int($0) })
      else { return false }
      let copied = copy.text(".martlet/age").flatMap { Int($0.filter(\.isNumber)) } ?? 0
      return copied < age
    } catch {
      return false
    }
  }
}

extension LawBook {
  /// What came since the copy was made comes again, unless it was nowhere else; what went is back. `before` is how the
  /// Maildir was a moment before.
  func wasPutBack(before: Inventory) {
    let after = Inventory.near(site.disk, root: Setting.root, site.setting.layout, &registry.bag)
    let far = Inventory.far(site.server, &registry.bag)
    for number in 0..<registry.bag.count {
      let (then, now) = (before.items(number), after.items(number))
      guard then.map(\.path) != now.map(\.path) || !isSettled(number, near: after, far: far) else { continue }
      registry.chronicle.forget(number)
      // In its old folder again, from which it had been moved: martlet may follow once more, on either side.
      let moved = min(after.gain(of: number, since: before), before.gain(of: number, since: after))
      registry.chronicle[number].resurrected += moved
      registry.chronicle[number].movedBack += moved
      if now.isEmpty, far.items(number).isEmpty { registry.chronicle[number].isExcused = true }
    }
  }
}
