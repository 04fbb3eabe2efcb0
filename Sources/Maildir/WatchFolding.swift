import Mail
import Ports
import Reconciliation

/// Folds what the directory watcher tells into where to look: pure, time is an argument.
///
/// A rename into a folder, or the end of writing, is told at once. A name that was merely created may be a link, which
/// is whole, or a file that is still being written; and neomutt sets the date just after it linked. So it ripens: it
/// is told after a quiet moment, which each further sign of life begins anew, within a bound. What is unlinked meanwhile
/// may be what was linked, and is told together with it: a message on its way from folder to folder is moved, and not
/// deleted and brought anew.
struct WatchFolding {
  /// Longer than it takes a mail reader from linking a message to dating it.
  static let quiet = Duration.milliseconds(50)
  /// However lively the file is, it is looked at after this.
  static let patience = Duration.milliseconds(200)
  /// More names than this in one folder are not remembered: listing it is cheaper.
  static let touchesMax = 20_000
  /// Both ends of a rename come close together; this many first ends are remembered.
  static let cookiesMax = 1024

  /// What a watched directory is.
  enum Place: Hashable {
    case messages(FolderName, Subdirectory)
    /// Where folders come and go; the folder whose own directory it is, if any.
    case tree(FolderName?)
  }

  /// What is to be told.
  enum News: Hashable {
    case changed(FolderName)
    case uncertain(FolderName)
    /// The file of keywords was written.
    case tableWritten(FolderName)
    case foldersChanged
    case everythingUncertain
  }

  private struct Name: Hashable {
    let folder: FolderName
    let subdirectory: Subdirectory
    let text: String
  }

  private struct Ripening {
    let since: LoopInstant
    var lastSign: LoopInstant
    var due: LoopInstant { min(lastSign.advanced(by: quiet), since.advanced(by: patience)) }
  }

  private(set) var places: [ExactText: Place] = [:]
  private(set) var touched: [FolderName: [String: Touch]] = [:]
  private var ripening: [Name: Ripening] = [:]
  private var foldersRipening: Ripening?
  /// Unlinked, or gone somewhere, while others were ripening.
  private var withheld: [(name: Name, since: LoopInstant)] = []
  private var news: Set<News> = []
  private var cookies: [UInt32: MovedFrom] = [:]
  private var cookieOrder: [UInt32] = []

  mutating func add(_ directory: String, as place: Place) { places[ExactText(directory)] = place }

  mutating func remove(_ directory: String) { places[ExactText(directory)] = nil }

  /// When there will be something to tell without a further event.
  var nextDue: LoopInstant? {
    (ripening.values.map(\.due) + (foldersRipening.map { [$0.due] } ?? [])).min()
  }

  /// When the folder's files of which is not known whether they are whole will be taken for it.
  func nextDue(in folder: FolderName) -> LoopInstant? {
    ripening.filter { $0.key.folder == folder }.values.map(\.due).max()
  }

  mutating func handle(_ events: [DirectoryEvent], at now: LoopInstant) {
    for event in events { handle(event, at: now) }
  }

  /// What is to be told by now; each thing once.
  mutating func takeNews(at now: LoopInstant) -> Set<News> {
    for (name, ripe) in ripening where ripe.due <= now {
      ripening[name] = nil
      touch(name)
    }
    if let ripe = foldersRipening, ripe.due <= now {
      foldersRipening = nil
      news.insert(.foldersChanged)
    }
    release()
    defer { news = [] }
    return news
  }

  /// What waits for nothing any more that was there before it.
  private mutating func release() {
    guard !withheld.isEmpty else { return }
    let oldest = (ripening.values.map(\.since) + (foldersRipening.map { [$0.since] } ?? [])).min()
    for (name, since) in withheld where oldest.map({ $0 > since }) ?? true { touch(name) }
    if let oldest { withheld.removeAll { $0.since < oldest } } else { withheld = [] }
  }

  /// Where it went is known now: both ends are told together.
  private mutating func release(_ origin: MovedFrom) {
    let index = withheld.lastIndex { entry in
      entry.name.folder == origin.folder && origin.key == .file(MaildirFileName(entry.name.text).unique)
    }
    if let index { touch(withheld.remove(at: index).name) }
  }

  mutating func takeTouched(in folder: FolderName) -> [String: Touch] {
    touched.removeValue(forKey: folder) ?? [:]
  }

  /// The folder is watched no more.
  mutating func forget(_ folder: FolderName) {
    touched[folder] = nil
    ripening = ripening.filter { $0.key.folder != folder }
    withheld.removeAll { $0.name.folder == folder }
  }

  /// A look failed: its names are still to be looked at.
  mutating func putBack(_ touches: [String: Touch], in folder: FolderName) {
    touched[folder, default: [:]].merge(touches) { newer, older in
      Touch(places: newer.places.union(older.places), movedFrom: newer.movedFrom ?? older.movedFrom)
    }
  }

  private mutating func handle(_ event: DirectoryEvent, at now: LoopInstant) {
    if event.kind == .overflow {
      touched = [:]
      ripening = [:]
      withheld = []
      news.insert(.everythingUncertain)
      return
    }
    switch places[ExactText(event.directory)] {
    case .messages(let folder, let subdirectory)?:
      if event.kind == .directoryGone {
        news.insert(.uncertain(folder))
        folderSign(at: now)
      } else if !event.isDirectory, !event.name.isEmpty, event.name.utf8.first != UInt8(ascii: ".") {
        handle(event.kind, Name(folder: folder, subdirectory: subdirectory, text: event.name), at: now)
      }
    case .tree(let folder)?:
      handleTree(event, folder, at: now)
    case nil:
      // Events of a directory that was given up were still on their way.
      break
    }
  }

  private mutating func handle(_ kind: DirectoryEvent.Kind, _ name: Name, at now: LoopInstant) {
    switch kind {
    case .created:
      ripening[name] = Ripening(since: ripening[name]?.since ?? now, lastSign: now)
    case .attributesChanged:
      // Only of interest where the date is still to come; a later change of date changes no message.
      ripening[name]?.lastSign = now
    case .written:
      ripening[name] = nil
      touch(name)
    case .movedIn(let cookie):
      ripening[name] = nil
      let origin = cookies[cookie]
      if let origin { release(origin) }
      touch(name, from: origin)
    case .movedOut(let cookie):
      ripening[name] = nil
      remember(name, cookie)
      // It may have gone to a folder that is being made, and is told together with that.
      if foldersRipening == nil { touch(name) } else { withhold(name, at: now) }
    case .deleted:
      ripening[name] = nil
      if ripening.isEmpty, foldersRipening == nil { touch(name) } else { withhold(name, at: now) }
    case .directoryGone, .overflow:
      preconditionFailure("handled before: these are not about a name")
    }
  }

  private mutating func withhold(_ name: Name, at now: LoopInstant) {
    if withheld.count == Self.touchesMax { touch(name) } else { withheld.append((name, now)) }
  }

  private mutating func handleTree(_ event: DirectoryEvent, _ folder: FolderName?, at now: LoopInstant) {
    if event.kind == .directoryGone {
      folderSign(at: now)
    } else if event.isDirectory, !event.name.isEmpty, event.name != MaildirRoot.ownDirectory, event.name != "tmp" {
      if event.kind != .attributesChanged { folderSign(at: now) }
    } else if event.name == KeywordTable.fileName, let folder {
      news.insert(.tableWritten(folder))
    }
  }

  private mutating func folderSign(at now: LoopInstant) {
    foldersRipening = Ripening(since: foldersRipening?.since ?? now, lastSign: now)
  }

  private mutating func touch(_ name: Name, from origin: MovedFrom? = nil) {
    let unique = MaildirFileName(name.text).unique
    guard !unique.isEmpty else { return }
    var touches = touched[name.folder] ?? [:]
    guard touches.count < Self.touchesMax else {
      touched[name.folder] = nil
      news.insert(.uncertain(name.folder))
      return
    }
    // Moved in the dictionary, not copied.
    touched[name.folder] = nil
    touches[unique, default: Touch()].places
      .insert(MessagePlace(name.subdirectory, fileName: name.text, unique: unique))
    if let origin, origin.folder != name.folder || origin.key != .file(unique) {
      touches[unique]?.movedFrom = origin
    }
    touched[name.folder] = touches
    news.insert(.changed(name.folder))
  }

  /// Where a file moved on before it was looked at, it comes from where it was first.
  private mutating func remember(_ name: Name, _ cookie: UInt32) {
    let unique = MaildirFileName(name.text).unique
    let earlier = touched[name.folder]?[unique]?.movedFrom
    cookies[cookie] = earlier ?? MovedFrom(folder: name.folder, key: .file(unique))
    cookieOrder.append(cookie)
    if cookieOrder.count > Self.cookiesMax { cookies[cookieOrder.removeFirst()] = nil }
  }
}
