/// How a pass is to be made.
package struct PassOptions: Hashable, Sendable {
  /// Lifts the brake (law L9) for this pass.
  package var allowsDeletions: Bool
  /// Plans and tells, and changes nothing on either side nor in the base.
  package var isDryRun: Bool
  /// For a dry run that is to doubt the base: lists both sides whole, whatever the checkpoints vouch for, and reads what
  /// only one side of the base has, to tell whether it is new or the same message.
  package var isThorough: Bool

  package init(allowsDeletions: Bool = false, isDryRun: Bool = false, isThorough: Bool = false) {
    self.allowsDeletions = allowsDeletions
    self.isDryRun = isDryRun
    self.isThorough = isThorough
  }
}
