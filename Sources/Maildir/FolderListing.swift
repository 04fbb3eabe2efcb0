import Mail
import Ports
import Reconciliation

/// Every message of a folder, from one listing of `new` and `cur`.
struct FolderListing {
  var places: [String: MessagePlace] = [:]
  /// By key, the reason: what is no regular file, or has a name that another file has too.
  var unreadable: [String: String] = [:]
  /// Further names with the unique part of a message in `places`.
  private(set) var doubles: [(unique: String, place: MessagePlace)] = []
  /// True where nothing moved while it was read: what is not in it is not there.
  var isComplete = false
  /// The directories' times at its beginning; nil where it is of one of them only.
  let stamp: DirectoryStamp?

  init(stamp: DirectoryStamp? = nil) { self.stamp = stamp }

  /// After so many entries others get their turn on the loop.
  static let entriesBetweenPauses = 4096

  mutating func add(_ entries: [DirectoryEntry], of subdirectory: Subdirectory) async {
    places.reserveCapacity(places.count + entries.count)
    var others: [DirectoryEntry] = []
    for (step, entry) in entries.enumerated() where entry.name.utf8.first != UInt8(ascii: ".") {
      if step % Self.entriesBetweenPauses == Self.entriesBetweenPauses - 1 { await Task.yield() }
      guard entry.kind == .file, entry.isDecodable else {
        others.append(entry)
        continue
      }
      add(entry.name, of: subdirectory)
    }
    for entry in others {
      let reason = entry.isDecodable ? "\(entry.kind.noun), not a message's file" : "its name is not UTF-8"
      refuse(entry.name, of: subdirectory, reason)
    }
  }

  private mutating func add(_ name: String, of subdirectory: Subdirectory) {
    let unique = MaildirFileName(name).unique
    guard !unique.isEmpty else { return refuse(name, of: subdirectory, "its name has no unique part") }
    let place = MessagePlace(subdirectory, fileName: name, unique: unique)
    guard let other = places[unique] else {
      places[unique] = place
      return
    }
    let preferred = Self.preferred(place, other, unique)
    places[unique] = preferred
    let second = preferred == place ? other : place
    doubles.append((unique, second))
    unreadable[second.path(of: unique)] = "\(preferred.path(of: unique)) has the same unique name"
  }

  /// `cur` before `new`, then the lesser name.
  private static func preferred(_ one: MessagePlace, _ two: MessagePlace, _ unique: String) -> MessagePlace {
    if one.subdirectory != two.subdirectory { return one.subdirectory == .cur ? one : two }
    let isLess = one.fileName(of: unique).utf8.lexicographicallyPrecedes(two.fileName(of: unique).utf8)
    return isLess ? one : two
  }

  /// Under its key, so that it is not taken for gone; where a message has that key, under its path.
  private mutating func refuse(_ name: String, of subdirectory: Subdirectory, _ reason: String) {
    let unique = MaildirFileName(name).unique
    let isFree = !unique.isEmpty && places[unique] == nil
    unreadable[isFree ? unique : "\(subdirectory.rawValue)/\(name)"] = reason
  }

  /// Refusals recorded before the message of the same key was seen.
  mutating func settle() {
    for key in unreadable.keys where places[key] != nil {
      if let reason = unreadable.removeValue(forKey: key) { unreadable["new/\(key)"] = reason }
    }
  }
}

extension FileKind {
  fileprivate var noun: String {
    switch self {
    case .file: "a file"
    case .directory: "a directory"
    case .symbolicLink: "a symbolic link"
    case .other: "a special file"
    }
  }
}

/// When names last came or went in `cur` and `new`.
struct DirectoryStamp: Equatable, Sendable {
  /// A change may hide behind the time of an earlier one that is younger than this: the coarsest file systems count
  /// in steps of two seconds.
  static let settlingTime: Int64 = 2_000_000_000

  let cur: FileStatus
  let new: FileStatus

  /// A change may hide behind the time of an earlier one that is younger than this, in nanoseconds: the kernel's clock for
  /// files moves in steps, and some file systems keep whole seconds only.
  var clockStep: Int64 {
    let isInWholeSeconds = [cur, new].allSatisfy { $0.modified % 1_000_000_000 == 0 }
    return isInWholeSeconds ? Self.settlingTime : 20_000_000
  }

  static func == (left: DirectoryStamp, right: DirectoryStamp) -> Bool {
    left.cur.modified == right.cur.modified && left.cur.inode == right.cur.inode
      && left.new.modified == right.new.modified && left.new.inode == right.new.inode
  }

  /// True where both times lie further back than `age` (nanoseconds) at `now`.
  func isOlder(than age: Int64, at now: WallTime) -> Bool {
    let time = now.nanoseconds
    return time &- cur.modified > age && time &- new.modified > age
  }

  func checkpoint(at now: WallTime) -> MaildirCheckpoint {
    MaildirCheckpoint(
      curModified: cur.modified, newModified: new.modified, curInode: cur.inode, newInode: new.inode,
      isSettled: isOlder(than: Self.settlingTime, at: now))
  }
}
