import Foundation

/// A value under a lock, with threads that wait for it to change.
///
/// Waiting blocks the thread: only threads of our own do it (`DedicatedThread`, `onOwnThread`), never one of the
/// shared pool that runs Swift's tasks.
package final class Monitor<Value>: @unchecked Sendable {
  // Unchecked because the compiler cannot see that `value` is only touched with `condition` held.
  private let condition = NSCondition()
  private var value: Value

  package init(_ value: sending Value) { self.value = value }

  /// Reads or changes the value, and wakes whoever waits for a change.
  package func update<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    condition.lock()
    defer {
      condition.broadcast()
      condition.unlock()
    }
    return try body(&value)
  }

  package func read<Result>(_ body: (Value) throws -> Result) rethrows -> Result {
    condition.lock()
    defer { condition.unlock() }
    return try body(value)
  }

  /// Blocks until `body` gives a result, which it is asked for at first and after each change; nil at the deadline.
  package func wait<Result>(until deadline: Deadline?, _ body: (inout Value) throws -> Result?) rethrows -> Result? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let result = try body(&value) { return result }
      guard let deadline else {
        condition.wait()
        continue
      }
      let left = deadline.secondsLeft
      if left <= 0 { return nil }
      _ = condition.wait(until: Date(timeIntervalSinceNow: left))
    }
  }
}
