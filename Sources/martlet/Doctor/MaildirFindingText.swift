import Control
import Mail
import Maildir

extension MaildirFinding {
  /// For a person; `root` is how the Maildir is called.
  func inWords(below root: String) -> DoctorFinding {
    func at(_ path: String) -> String { path.isEmpty ? root : "\(root)/\(printable(path))" }
    switch self {
    case .incomplete(let folder, let missing, let absent): return Self.incomplete(folder, missing, absent)
    case .unusable(let directory, let reason):
      return .problem(
        .permissions, at(directory), "it cannot be read, written and searched: \(printable(reason))",
        "see that it is yours, and chmod u+rwx \(at(directory))")
    case .leftover(let leftover):
      let age = Amount.seconds(Double(leftover.ageSeconds))
      let whose = leftover.isOurs ? "an earlier \(Release.name)" : "another program"
      return .mendable(
        .leftover, at(leftover.path), "begun \(age) ago by \(whose), and given up", "remove it: it is no message")
    case .unreadableKeywords(_, let path, let reason):
      return .problem(
        .keywords, at(path), "it cannot be read: \(printable(reason)). The folder is not synced meanwhile",
        "make it a file that you can read; without it the letters a to z in file names have no meaning")
    case .keywordsBeyondLetters(let path, let count):
      return .note(
        .keywords, at(path), "\(counted(count, "keyword")) beyond the 26 that have letters stay on the server only"
      )
    case .repeatedKeywords(let path, let keywords):
      let names = printable(keywords.map(\.text).joined(separator: ", "))
      return .note(.keywords, at(path), "more than one letter means \(names); each is read, nothing is lost by it")
    case .unknownKeywordLines(let path, let count):
      return .note(.keywords, at(path), "\(counted(count, "line")) not understood, and kept as they are")
    case .leftOut(let directory, let reason):
      return .note(.leftOut, at(directory), "left out: \(printable(reason))")
    case .overdue(let count):
      return .note(
        .leftover, root, "mail of \(counted(count, "deletion")) was kept long enough",
        "the next start of \(Release.name) lets go of it")
    }
  }

  private static func incomplete(_ folder: FolderName, _ missing: [String], _ absent: Int) -> DoctorFinding {
    let subject = printable("\(folder)")
    let directories = missing.joined(separator: ", ")
    guard absent > 0 else {
      return .mendable(
        .folder, subject, "\(directories) is missing: nothing can be delivered there", "make it: no message was in it")
    }
    return .problem(
      .folder, subject,
      "\(directories) is missing, and with it \(counted(absent, "message")); nothing is deleted for that",
      "bring it back; or, if the messages were meant to be deleted, make the directory by hand")
  }
}
