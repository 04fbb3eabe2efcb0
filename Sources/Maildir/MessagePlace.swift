/// The two directories of a folder that hold messages; `tmp` holds none.
package enum Subdirectory: String, Hashable, Sendable, CaseIterable { case new, cur }

/// Where a message's file is within its folder, and how its name goes on behind the unique part.
///
/// A folder's index holds one of these for each message, so it keeps no more of the name than the key does not tell.
struct MessagePlace: Hashable, Sendable {
  let subdirectory: Subdirectory
  private let text: String
  /// Equal strings may differ in bytes where they are not ASCII; then the name is kept whole.
  private let isWhole: Bool

  init(_ subdirectory: Subdirectory, fileName: String, unique: String) {
    self.subdirectory = subdirectory
    isWhole = !unique.utf8.allSatisfy { $0 < 0x80 }
    text = isWhole ? fileName : String(Substring(fileName.utf8.dropFirst(unique.utf8.count)))
  }

  /// The name as it is on disk, which need not be how we would write it.
  func fileName(of unique: String) -> String { isWhole ? text : unique + text }

  func path(of unique: String) -> String { "\(subdirectory.rawValue)/\(fileName(of: unique))" }

  func info(of unique: String) -> MaildirInfo? {
    if isWhole { return MaildirFileName(text).info }
    return text.isEmpty ? nil : MaildirInfo(text.utf8.dropFirst(3))
  }

  func letters(of unique: String) -> LetterSet { info(of: unique)?.letters ?? [] }
}
