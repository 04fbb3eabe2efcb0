import Mail
import Ports
import Reconciliation

/// All folders of the tree, and what was left out and why.
struct FolderTree {
  var entries: [FolderEntry] = []
  /// By directory, relative to the root.
  var leftOut: [String: String] = [:]
  /// What nobody takes for a folder of martlet's, with the reason.
  var notFollowed: [String: String] = [:]
  /// Every directory in which folders may come and go.
  var directories: [String] = []
}

/// Walks the tree for folders. `arm` is called with each directory before it is listed, so that a watch set there
/// misses nothing.
@Loop
struct FolderTreeWalk {
  /// A directory that vanishes under the walk begins it anew, so often.
  private static let attemptsMax = 3

  let root: MaildirRoot
  let arm: @Loop (String) -> Void

  func run() async throws(FileError) -> FolderTree {
    var attempt = 1
    while true {
      do {
        return try await root.layout == .nested ? walkNested() : walkFlat()
      } catch {
        guard error.kind == .notFound, attempt < Self.attemptsMax else { throw error }
        attempt += 1
      }
    }
  }

  private func walkNested() async throws(FileError) -> FolderTree {
    var tree = FolderTree()
    var found: [FolderName: FolderEntry] = [:]
    var waiting = [""]
    while let directory = waiting.popLast() {
      let entries = try await list(directory, &tree)
      if entries.contains(where: isPartOfFolder) {
        if directory.isEmpty {
          tree.leftOut[""] = "the root holds messages itself; `layout = \"maildir++\"` would make it INBOX"
        } else if !add(directory, &found, &tree) {
          continue
        }
      }
      for entry in entries.sorted(by: { $0.name > $1.name }) {
        let path = directory.appending(path: entry.name)
        guard !isReserved(entry.name, in: directory), isDirectory(entry, path, &tree) else { continue }
        if isMappable(path, &tree) { waiting.append(path) }
      }
    }
    for name in Array(found.keys) {
      var parent = name.parent
      while let above = parent, found[above] == nil {
        found[above] = FolderEntry(name: above, holdsMessages: false)
        parent = above.parent
      }
    }
    tree.entries = found.values.sorted { $0.name < $1.name }
    return tree
  }

  private func walkFlat() async throws(FileError) -> FolderTree {
    var tree = FolderTree()
    var found: [FolderName: FolderEntry] = [:]
    let entries = try await list("", &tree)
    if entries.contains(where: isPartOfFolder) { _ = add("", &found, &tree) }
    for entry in entries.sorted(by: { $0.name < $1.name }) {
      guard entry.name.utf8.first == UInt8(ascii: "."), entry.name != MaildirRoot.ownDirectory,
        isDirectory(entry, entry.name, &tree)
      else { continue }
      arm(entry.name)
      tree.directories.append(entry.name)
      guard try root.missingParts(of: entry.name).count < Subdirectory.allCases.count else { continue }
      _ = add(entry.name, &found, &tree)
    }
    tree.entries = found.values.sorted { $0.name < $1.name }
    return tree
  }

  private func list(_ directory: String, _ tree: inout FolderTree) async throws(FileError) -> [DirectoryEntry] {
    arm(directory)
    tree.directories.append(directory)
    do throws(FileError) {
      return try await root.fileSystem.list(directory)
    } catch {
      // A folder in it that is known is asked for by name, and says the same: it is not taken for gone (laws L8, L11).
      guard error.kind == .accessDenied, !directory.isEmpty else { throw error }
      tree.leftOut[directory] = "it cannot be read: \(error.text)"
      return []
    }
  }

  /// One of the two is enough: a folder that lost the other was not removed.
  private func isPartOfFolder(_ entry: DirectoryEntry) -> Bool {
    entry.kind == .directory && Subdirectory(rawValue: entry.name) != nil
  }

  private func isReserved(_ name: String, in directory: String) -> Bool {
    name.utf8.first == UInt8(ascii: ".") || ["cur", "new", "tmp"].contains(name)
      || directory.isEmpty && name == MaildirLayout.lostAndFound
  }

  /// Tells of what could be meant as a folder, and is none.
  private func isDirectory(_ entry: DirectoryEntry, _ path: String, _ tree: inout FolderTree) -> Bool {
    switch entry.kind {
    case .directory where entry.isDecodable: return true
    case .directory: tree.leftOut[path] = "its name is not UTF-8"
    case .symbolicLink: tree.notFollowed[path] = "a symbolic link, which is not followed"
    case .file, .other: break
    }
    return false
  }

  private func isMappable(_ path: String, _ tree: inout FolderTree) -> Bool {
    do {
      _ = try root.layout.folder(at: path)
      return true
    } catch {
      tree.leftOut[path] = error.reason
      return false
    }
  }

  /// False where the directory is no folder that can be synced.
  private func add(_ directory: String, _ found: inout [FolderName: FolderEntry], _ tree: inout FolderTree) -> Bool {
    let name: FolderName
    do {
      name = try root.layout.folder(at: directory)
    } catch {
      tree.leftOut[directory] = error.reason
      return false
    }
    found[name] = FolderEntry(name: name, checkpoint: checkpoint(name, directory))
    return true
  }

  /// Nil where it cannot be told: a look at the folder will say why.
  private func checkpoint(_ name: FolderName, _ directory: String) -> Checkpoint? {
    do {
      let stamp = try MaildirFolder(name, directory: directory, root: root, changeCount: { nil }).stamp()
      return .maildir(stamp.checkpoint(at: root.clock.wallTime))
    } catch {
      return nil
    }
  }
}
