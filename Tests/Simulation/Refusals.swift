package import Mail

/// What a simulated store says no to, for want of a right or of room, while all else goes on.
package struct Refusals: Sendable {
  /// Folders into which nothing is copied or moved.
  package var copies: Set<FolderName> = []
  /// Texts of messages whose flags are not changed.
  package var flags: Set<String> = []
  /// Its words to whoever would delete something.
  package var deletions: String?
  /// Its words to whoever would leave it an age.
  package var age: String?
}
