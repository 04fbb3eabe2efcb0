import Mail
import Ports
import Reconciliation

/// That the brake holds, in a folder or in all of an account, and what was deleted in the moment before: it counts as
/// long as the brake holds. So a hold ends neither with time nor with a restart, and is not diluted by new mail, but when
/// the messages are back or a person allows their deletion (law L9).
@Loop
struct BrakeMemory {
  let context: AccountContext
  /// Nil for the account as a whole.
  let folder: SyncedFolder?
  let side: Side

  /// The brake holds.
  func hold() throws(StoreError) {
    guard !meter.isHeld else { return }
    let now = context.clock.now
    meter.hold(at: now)
    let count = meter.recent(at: now)
    try context.setFact(fact, to: "\(count)")
  }

  /// It does not hold any more. What a person allowed does not count with what comes next.
  func release(isAllowed: Bool) throws(StoreError) {
    let wasHeld = meter.isHeld
    if isAllowed { meter = DeletionMeter() } else { meter.release() }
    guard wasHeld else { return }
    try Self.forget(folder?.id, side, context)
    context.tell(.released(folder?.title, side, isAllowed: isAllowed))
  }

  /// In a new process.
  func recall() throws(StoreError) {
    guard let count = try context.fact(fact).flatMap({ Int($0) }) else { return }
    meter = DeletionMeter()
    meter.record(count, at: context.clock.now)
    meter.hold(at: context.clock.now)
  }

  static func forget(_ folder: FolderID?, _ side: Side, _ context: AccountContext) throws(StoreError) {
    try context.forgetFact(fact(folder, side))
  }

  private var fact: String { Self.fact(folder?.id, side) }

  private static func fact(_ folder: FolderID?, _ side: Side) -> String {
    "\(side) deletions before the brake" + (folder.map { " in folder \($0.rawValue)" } ?? "")
  }

  private var meter: DeletionMeter {
    get { folder?.deletions[side] ?? context.deletions[side] }
    nonmutating set {
      if let folder { folder.deletions[side] = newValue } else { context.deletions[side] = newValue }
    }
  }
}
