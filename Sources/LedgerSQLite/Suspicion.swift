import Glibc

/// That a ledger has shown what a whole one does not: an empty file beside it, so that the next start looks thoroughly.
struct Suspicion {
  private let path: String

  init(of ledger: String) { path = ledger + ".suspect" }

  var isThere: Bool { unsafe access(path, F_OK) == 0 }

  /// Where the disk has no room for it, the next start looks as ever.
  func raise() {
    let descriptor = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor >= 0 { close(descriptor) }
  }

  func allay() { _ = unsafe unlink(path) }
}
