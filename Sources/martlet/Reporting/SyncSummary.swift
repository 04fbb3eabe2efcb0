import Configuration
import Control
import Mail

/// A sync's report in words.
enum SyncSummary {
  /// `personal: 3 new, 1 flag change, 0 deleted (0.42 s)`
  static func line(_ report: AccountSyncReport) -> String {
    if report.error != nil { return "\(report.name): not synced (\(time(report)))" }
    // Where something could not be synced there would be enough to do.
    let nothing = report.exitCode == ExitStatus.success.rawValue ? "nothing to do" : "nothing done"
    return "\(report.name): \(changes(report) ?? nothing) (\(time(report)))"
  }

  /// Of a dry run.
  static func planLine(_ report: AccountSyncReport) -> String {
    let nothing = report.exitCode == ExitStatus.success.rawValue ? "nothing to do" : "no step to take"
    let steps = report.plan.isEmpty ? nothing : counted(report.plan.count, "step") + ", none taken"
    return "\(report.name): \(report.error == nil ? steps : "not looked at") (\(time(report)))"
  }

  /// Nil where nothing was changed.
  static func changes(_ report: AccountSyncReport) -> String? {
    let both = [report.local, report.remote]
    func sum(_ what: KeyPath<SideCounts, Int>) -> Int { both.map { $0[keyPath: what] }.clampedSum() }
    let new = sum(\.delivered) + sum(\.copied)
    let (moved, flagged, deleted) = (sum(\.moved), sum(\.flagged), sum(\.deleted))
    let folders = (report.foldersCreated.count, report.foldersRemoved.count)
    guard new + moved + flagged + deleted + folders.0 + folders.1 > 0 else { return nil }
    var parts = ["\(new) new", counted(flagged, "flag change"), "\(deleted) deleted"]
    if moved > 0 { parts.insert("\(moved) moved", at: 1) }
    if folders.0 > 0 { parts.append(counted(folders.0, "folder") + " created") }
    if folders.1 > 0 { parts.append(counted(folders.1, "folder") + " removed") }
    return parts.joined(separator: ", ")
  }

  /// Why a folder that somebody named takes no part, as far as the configuration tells.
  static func unknown(_ folder: String, _ rules: FolderRules?) -> String {
    let nowhere = "there is no such folder, neither here nor on the server"
    guard let rules, let name = FolderName(folder) else { return nowhere }
    if case .excluded(let reason) = rules.verdict(remote: name) { return "this folder is left out: \(reason)" }
    guard let remote = rules.remoteName(forLocal: name), remote != name else { return nowhere }
    return "no folder of the server has this name; what is called so here is \(printable("\(remote)")) there, by rename"
  }

  /// What was held back, and what to type if it was meant.
  static func brake(_ held: HeldDeletions, account: String) -> String {
    let target = argument(held.accountTotal == nil ? "\(account):\(held.folder)" : account)
    let what =
      held.deleted.map { counted($0, "of them was", "of them were") + " deleted before it was held; no more will be" }
      ?? "nothing was deleted"
    return "\(mass(held)); \(what). If that is meant: \(Release.name) sync --allow-deletions \(target)"
  }

  private static func mass(_ held: HeldDeletions) -> String {
    let side = held.side.rawValue
    if held.wholeFolder {
      return "the folder is gone on the other side; this side (\(side)) has " + counted(held.total, "message")
    }
    let here = "\(held.deletions) of \(counted(held.total, "message")) would be deleted (\(side))"
    guard let deletions = held.accountDeletions, let total = held.accountTotal else { return here }
    return "\(here), and \(deletions) of \(counted(total, "message")) in the whole account"
  }

  private static func time(_ report: AccountSyncReport) -> String {
    let hundredths = Int((report.seconds * 100).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s"
  }

  /// The same as the last argument of a command, which is not to take it for an option.
  static func argument(_ text: String) -> String { (text.hasPrefix("-") ? "-- " : "") + shellQuoted(text) }

  /// Fit to be pasted into a shell (law L12).
  static func shellQuoted(_ text: String) -> String {
    let text = printable(text)
    let isPlain =
      !text.isEmpty
      && text.unicodeScalars.allSatisfy {
        $0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_./:+@,".unicodeScalars.contains($0)
      }
    return isPlain ? text : text.inShellQuotes
  }
}
