import Control
import Foundation
import Mail

/// The status in words and columns.
enum StatusText {
  static func of(_ status: StatusReport) -> String {
    var lines: [String] = []
    if let daemon = status.daemon {
      lines.append("\(Release.name) \(daemon.release), process \(daemon.pid), since \(time(daemon.startedAt))")
    } else if status.accounts.allSatisfy({ $0.heldBy == nil }) {
      lines.append("no daemon is running; this is what the ledgers know")
    } else {
      lines.append("no daemon can be asked; this is what the ledgers know")
    }
    for account in status.accounts { lines += [""] + self.account(account) }
    return lines.joined(separator: "\n")
  }

  private static func account(_ account: AccountStatus) -> [String] {
    var lines = ["\(account.name): \(state(account))", "  \(account.local) <-> \(account.remote)"]
    if let process = account.heldBy {
      lines.append("  held by process \(process), which is no daemon or does not listen where it should")
    }
    if let progress = account.progress { lines.append("  " + self.progress(progress)) }
    if let error = account.lastError { lines.append("  error: \(error)") }
    for problem in account.problems {
      lines.append(
        "  error: " + [problem.folder, problem.message, problem.reason].compactMap(\.self).joined(separator: ": "))
    }
    lines += polled(account.folders).map { "  " + $0 }
    lines += table(account.folders).map { "  " + $0 }
    for folder in account.folders { lines += remarks(on: folder, of: account.name).map { "  " + $0 } }
    return lines
  }

  /// The same reason for many folders is said once.
  private static func polled(_ folders: [FolderStatus]) -> [String] {
    Dictionary(grouping: folders.compactMap(\.localWatchFailure), by: { $0 }).sorted { $0.key < $1.key }
      .map { "local: \(counted($1.count, "folder")) polled: \($0)" }
  }

  private static func state(_ account: AccountStatus) -> String {
    var parts: [String] = []
    switch account.state {
    case .waiting:
      parts.append("waiting" + (account.cause.map { " (\($0))" } ?? ""))
      if let next = account.retryAt { parts.append("next try " + (Timestamp.isPast(next) ? "now" : time(next))) }
    case .stopped, .connecting, .syncing, .watching, .offline: parts.append(account.state.rawValue)
    }
    if account.state == .offline, account.folders.isEmpty, account.lastError == nil { parts = ["never synced"] }
    if account.queue > 0 { parts.append(counted(account.queue, "folder") + " being synced") }
    let held = account.folders.count { !$0.held.isEmpty }
    if held > 0 {
      parts.append("deletions held in " + counted(held, "folder"))
    } else if let last = account.lastSync {
      parts.append("last sync \(time(last))")
    }
    return parts.joined(separator: ", ")
  }

  private static func progress(_ progress: SyncProgress) -> String {
    var line = "\(progress.foldersDone)/\(progress.foldersTotal) folders"
    if progress.messagesTotal > 0 { line += ", \(progress.messagesDone)/\(progress.messagesTotal) messages" }
    if progress.bytesDone > 0 { line += ", " + Amount.bytes(progress.bytesDone) }
    return line
  }

  // MARK: Folders

  private static func table(_ folders: [FolderStatus]) -> [String] {
    guard !folders.isEmpty else { return [] }
    let rows =
      [["FOLDER", "MESSAGES", "WATCH", "LAST SYNC"]]
      + folders.map { folder in
        let watch = [folder.watch, folder.localWatch == "poll" ? "local: poll" : nil].compactMap { $0 }
        return [
          folder.name + (folder.localName == folder.name ? "" : " = " + folder.localName), "\(folder.messages)",
          watch.isEmpty ? "-" : watch.joined(separator: ", "),
          folder.busy ? "now" : folder.lastSync.map(time) ?? "never",
        ]
      }
    return Columns.text(rows)
  }

  private static func remarks(on folder: FolderStatus, of account: String) -> [String] {
    var lines: [String] = []
    if let error = folder.lastError { lines.append("\(folder.name): error: \(error)") }
    for held in folder.held { lines.append("\(folder.name): " + SyncSummary.brake(held, account: account)) }
    for message in folder.setAside {
      lines.append(
        "\(folder.name): \(message.side.rawValue) \(message.message): \(message.reason) "
          + "(tried \(counted(message.attempts, "time")), "
          + "next try \(Timestamp.isPast(message.retryAt) ? "at the next pass" : time(message.retryAt)))")
    }
    let more = folder.setAsideCount - folder.setAside.count
    if more > 0 { lines.append("\(folder.name): \(counted(more, "more message")) set aside") }
    return lines
  }

  /// Local time, with the day where that is not today.
  private static func time(_ text: String) -> String {
    guard let seconds = Timestamp.seconds(text) else { return text }
    let date = Date(timeIntervalSince1970: TimeInterval(seconds))
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = Calendar.current.isDateInToday(date) ? "HH:mm:ss" : "yyyy-MM-dd HH:mm"
    return formatter.string(from: date)
  }
}
