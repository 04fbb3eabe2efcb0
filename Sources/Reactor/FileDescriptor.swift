import Glibc

/// Owns one descriptor and closes it at the end of its life.
package struct FileDescriptor: ~Copyable, Sendable {
  /// Borrowed: valid as long as this value lives.
  package let number: Int32

  /// Takes what a call like `socket` answered; nil (see `errno`) where that was a failure.
  package init?(owning number: Int32) {
    guard number >= 0 else { return nil }
    self.number = number
  }

  deinit {
    // Linux has released the number whatever close answers, and data that mattered was synced before.
    close(number)
  }
}
