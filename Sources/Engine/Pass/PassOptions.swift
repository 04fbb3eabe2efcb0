/// How a pass is to be made.
package struct PassOptions: Hashable, Sendable {
  /// Lifts the brake (law L9) for this pass.
  package var allowsDeletions: Bool
  /// Plans and tells, and changes nothing on either side nor in the base.
  package var isDryRun: Bool

  package init(allowsDeletions: Bool = false, isDryRun: Bool = false) {
    self.allowsDeletions = allowsDeletions
    self.isDryRun = isDryRun
  }
}
