import Mail

/// The folders of an account in columns.
enum FolderTable {
  /// `directories` are local ones that are no folders, each with the reason.
  static func lines(_ folders: [SurveyedFolder], leftOut directories: [String: String] = [:]) -> [String] {
    var rows = folders.map { folder in
      [folder.remote.map(name) ?? "-", folder.local.map(name) ?? "-", state(folder)]
    }
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
