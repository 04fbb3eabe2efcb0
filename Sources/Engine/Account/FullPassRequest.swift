import Mail
import Ports

/// A full pass that somebody waits for.
struct FullPassRequest: Sendable {
  let options: PassOptions
  /// Remote names; nil for all.
  let names: Set<FolderName>?
  let answer: @Loop @Sendable (Result<FullPass.Outcome, StoreError>) -> Void
}
