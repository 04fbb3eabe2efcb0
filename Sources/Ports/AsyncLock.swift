/// One holder at a time, in the order of asking. Cancellation does not jump the queue: whoever holds it lets go soon.
@Loop
package final class AsyncLock {
  package private(set) var isHeld = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  package nonisolated init() {}

  package func acquire() async {
    guard isHeld else {
      isHeld = true
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  package func release() {
    precondition(isHeld, "a lock is released by its holder")
    if waiting.isEmpty { isHeld = false } else { waiting.removeFirst().resume() }
  }
}
