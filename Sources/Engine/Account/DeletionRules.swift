package import Mail
package import Reconciliation

/// How an account deletes, as a person configured it.
package struct DeletionRules: Hashable, Sendable {
  /// An hour: long enough for the other half of a move to show up.
  package static let keepSecondsMin: Int64 = 3600

  package var brake = Brake()
  /// The far folder to which messages go that were deleted on the near side; nil where they are expunged.
  package var trash: FolderName?
  /// How long the near store keeps what was deleted on the far side, in seconds.
  package var keepSeconds = DeletionRules.keepSecondsMin

  package init() {}
}
