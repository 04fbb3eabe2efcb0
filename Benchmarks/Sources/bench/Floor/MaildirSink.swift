import Mail
import Support

/// A Maildir, each message with barriers of its own.
final class MaildirSink: FloorSink {
  private let root: String
  /// Per folder, where each UID is.
  private var places: [FolderName: [UInt32: Place]] = [:]
  private var lastNumber = 0

  private struct Place {
    let unique: String
    var path: String
  }

  init(root: String, folders: [FolderName]) throws {
    self.root = root
    for folder in folders { try MaildirFolder(folder, below: root).make() }
  }

  func add(_ message: [UInt8], _ fetch: FetchLine, uid: UInt32, in folder: FolderName) throws {
    let path = MaildirTree.path(of: folder, below: root)
    lastNumber += 1
    let unique = "1.Q\(lastNumber).floor"
    try MaildirWriter.write(
      message.lineFeedForm, to: "\(path)/tmp/\(unique)", secondsSince1970: fetch.secondsSince1970, synced: true)
    let letters = fetch.letters
    let directory = letters.isEmpty ? "\(path)/new" : "\(path)/cur"
    let target = letters.isEmpty ? "\(directory)/\(unique)" : "\(directory)/\(unique):2,\(letters)"
    try MaildirWriter.rename("\(path)/tmp/\(unique)", to: target)
    try MaildirWriter.syncFolder(directory)
    places[folder, default: [:]][uid] = Place(unique: unique, path: target)
  }

  func setFlags(_ fetch: FetchLine, of uid: UInt32, in folder: FolderName) throws {
    guard var place = places[folder]?[uid] else { return }
    let directory = MaildirTree.path(of: folder, below: root) + "/cur"
    let target = "\(directory)/\(place.unique):2,\(fetch.letters)"
    guard target != place.path else { return }
    try MaildirWriter.rename(place.path, to: target)
    try MaildirWriter.syncFolder(directory)
    place.path = target
    places[folder]?[uid] = place
  }

  func remove(_ uid: UInt32, in folder: FolderName) throws {
    guard let place = places[folder]?.removeValue(forKey: uid) else { return }
    try MaildirWriter.unlink(place.path)
    try MaildirWriter.syncFolder(MaildirTree.path(of: folder, below: root) + "/cur")
  }
}
