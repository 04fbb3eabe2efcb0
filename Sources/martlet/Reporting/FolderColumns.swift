import Mail

/// The folders of an account in columns.
enum FolderColumns {
  /// `directories` are local ones that are no folders, each with the reason; `unusable` are local folders that could not
  /// be looked into, as the other side's may have them for partners.
  static func lines(
    _ folders: [SurveyedFolder], leftOut directories: [String: String] = [:], unusable: [FolderName: String] = [:]
  ) -> [String] {
    var rest = unusable
    var rows = folders.map { folder in
      let obstacle = folder.local.flatMap { rest.removeValue(forKey: $0) }
      return [
        folder.remote.map(name) ?? "-", folder.local.map(name) ?? "-",
        obstacle.map { "not synced: \(printable($0))" } ?? state(folder),
      ]
    }
    rows += rest.sorted { $0.key < $1.key }.map { ["-", name($0.key), "left out: \(printable($0.value))"] }
    rows += directories.sorted { $0.key < $1.key }.map { ["-", printable($0.key), "left out: \(printable($0.value))"] }
    return Columns.text([["REMOTE", "LOCAL", "STATE"]] + rows)
  }

  private static func name(_ folder: FolderName) -> String { printable("\(folder)") }

  private static func state(_ folder: SurveyedFolder) -> String {
    if let reason = folder.leftOut { return "left out: \(reason)" }
    switch (folder.isOnRemote, folder.isOnLocal) {
    case (true, true): return "synced"
    case (true, false): return "synced, not yet on the local side"
    case (false, _): return "synced, not yet on the remote side"
    }
  }
}
