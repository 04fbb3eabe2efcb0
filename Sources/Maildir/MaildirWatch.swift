import Mail
import Ports

/// The store's watch: which directories are watched, and what they told that was not looked at yet.
@Loop
final class MaildirWatch {
  /// Why folders are polled instead, for status and people.
  private(set) var failures: [FolderName: String] = [:]
  /// Why folders that come and go are only found by listing.
  private(set) var treeFailure: String?
  private(set) var folding = WatchFolding()
  private var watched: Set<FolderName> = []
  /// As they were asked for last.
  private var wanted: [(name: FolderName, directory: String)] = []
  private let root: MaildirRoot
  private let watcher: any DirectoryWatcher

  init(_ watcher: any DirectoryWatcher, _ root: MaildirRoot) {
    self.watcher = watcher
    self.root = root
  }

  func isWatching(_ folder: FolderName) -> Bool { watched.contains(folder) }

  func close() { watcher.close() }

  /// Equal answers mean that no message came, went or was renamed in between; nil where nobody knows.
  func changeCount(below directory: String) -> Int? {
    var total = 0
    for part in Subdirectory.allCases {
      guard let count = watcher.changeCount(in: directory.appending(path: part.rawValue)) else { return nil }
      total += count
    }
    return total
  }

  /// Watches exactly these folders, in this order as long as the kernel's limit allows.
  func setFolders(_ folders: [(name: FolderName, directory: String)]) -> [FolderName: WatchKind] {
    var result: [FolderName: WatchKind] = [:]
    wanted = folders
    let names = Set(folders.map(\.name))
    for (directory, place) in folding.places {
      if case .messages(let folder, _) = place, !names.contains(folder) { stop(directory.text) }
    }
    for folder in watched.subtracting(names) { folding.forget(folder) }
    watched = []
    failures = [:]
    var limit: String?
    for (name, directory) in folders {
      if limit == nil {
        do {
          for part in Subdirectory.allCases {
            try start(directory.appending(path: part.rawValue), as: .messages(name, part))
          }
          watched.insert(name)
          result[name] = .inotify
          continue
        } catch {
          failures[name] = error.text
          if error.kind == .watchLimit { limit = error.text }
        }
      }
      failures[name] = failures[name] ?? limit
      result[name] = .poll
      for part in Subdirectory.allCases { stop(directory.appending(path: part.rawValue)) }
    }
    return result
  }

  /// Watches a directory in which folders may come and go.
  func armTree(_ directory: String) {
    guard treeFailure == nil else { return }
    do {
      try start(directory, as: .tree(folder(at: directory)))
    } catch {
      // One that is gone already is told of by the directory above.
      if error.kind != .notFound { treeFailure = error.text }
    }
  }

  func beginTree() { treeFailure = nil }

  /// The tree's directories that are there no more.
  func endTree(_ directories: [String]) {
    let there = Set(directories.map(ExactText.init))
    for (directory, place) in folding.places {
      if case .tree = place, !there.contains(directory) { stop(directory.text) }
    }
    rearm(there)
  }

  /// Folders whose directories were replaced under their watches: before anybody looks at them again.
  private func rearm(_ there: Set<ExactText>) {
    for (name, directory) in wanted where !watched.contains(name) && failures[name] == nil {
      guard there.contains(ExactText(directory)) else { continue }
      do {
        for part in Subdirectory.allCases {
          try start(directory.appending(path: part.rawValue), as: .messages(name, part))
        }
        watched.insert(name)
      } catch {
        // Not whole yet; the next listing tries again.
        for part in Subdirectory.allCases { stop(directory.appending(path: part.rawValue)) }
      }
    }
  }

  func takeTouched(in folder: FolderName) -> [String: Touch] { folding.takeTouched(in: folder) }

  func putBack(_ touches: [String: Touch], in folder: FolderName) {
    if !touches.isEmpty { folding.putBack(touches, in: folder) }
  }

  /// Waits until something is to be told.
  func next() async throws(CancellationError) -> Set<WatchFolding.News> {
    while true {
      let news = folding.takeNews(at: root.clock.now)
      if !news.isEmpty { return news }
      let events: [DirectoryEvent]
      if let due = folding.nextDue {
        events = try await wait(until: due)
      } else {
        events = try await watcher.next()
      }
      folding.handle(events, at: root.clock.now)
      for event in events { forgetWhatMoved(event) }
      // Which directories were replaced is among what was lost: all are watched anew when the tree is walked.
      if events.contains(where: { $0.kind == .overflow }) { watched = [] }
    }
  }

  // MARK: - Directories

  private func start(_ directory: String, as place: WatchFolding.Place) throws(FileError) {
    try watcher.watch(directory)
    folding.add(directory, as: place)
  }

  private func stop(_ directory: String) {
    guard folding.places[ExactText(directory)] != nil else { return }
    watcher.unwatch(directory)
    folding.remove(directory)
  }

  /// A directory that went or was renamed takes with it what is below: its watches would tell of it under old paths.
  private func forgetWhatMoved(_ event: DirectoryEvent) {
    let gone: String
    switch event.kind {
    case .directoryGone: gone = event.directory
    case .movedOut where event.isDirectory, .deleted where event.isDirectory:
      gone = event.directory.appending(path: event.name)
    default: return
    }
    for (directory, place) in folding.places where directory.isAtOrBelow(gone) {
      stop(directory.text)
      if case .messages(let folder, _) = place { watched.remove(folder) }
    }
  }

  private func folder(at directory: String) -> FolderName? {
    do {
      return try root.layout.folder(at: directory)
    } catch {
      return nil
    }
  }

  // MARK: - Waiting with a deadline

  private enum Outcome: Sendable {
    case events([DirectoryEvent])
    case isDue
    case cancelled
  }

  /// Empty where the time came first. No event is lost: both are waited for to their end.
  private func wait(until due: LoopInstant) async throws(CancellationError) -> [DirectoryEvent] {
    let outcomes = await withTaskGroup(of: Outcome.self, returning: [Outcome].self) { group in
      group.addTask { await self.nextOutcome() }
      group.addTask { await self.sleepOutcome(until: due) }
      var outcomes: [Outcome] = []
      while let outcome = await group.next() {
        outcomes.append(outcome)
        group.cancelAll()
      }
      return outcomes
    }
    for case .events(let events) in outcomes { return events }
    if outcomes.contains(where: { if case .isDue = $0 { true } else { false } }) { return [] }
    throw CancellationError()
  }

  private func nextOutcome() async -> Outcome {
    do {
      return .events(try await watcher.next())
    } catch {
      return .cancelled
    }
  }

  private func sleepOutcome(until due: LoopInstant) async -> Outcome {
    do {
      try await root.clock.sleep(until: due, tolerance: nil)
      return .isDue
    } catch {
      return .cancelled
    }
  }
}

extension ExactText {
  /// True for the directory itself and for what is below it; below the root is everything.
  fileprivate func isAtOrBelow(_ directory: String) -> Bool {
    directory.isEmpty || text.utf8.elementsEqual(directory.utf8) || text.utf8.starts(with: (directory + "/").utf8)
  }
}
