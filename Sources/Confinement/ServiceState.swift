import Glibc
import Mail

/// What martlet says to the service manager (sd_notify(3)), and all that the outer process says for the inner one: a
/// text of its own making could name another main process, or leave descriptors with the manager.
package enum ServiceState: Hashable, Sendable {
  case ready
  case reloading
  case stopping
  case watchdog
  /// One line for a person.
  case status(String)

  /// As it is said now.
  package func message() -> String {
    switch self {
    case .ready: return "READY=1"
    case .reloading:
      var now = timespec()
      unsafe clock_gettime(CLOCK_MONOTONIC, &now)
      return "RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)"
    case .stopping: return "STOPPING=1\nSTATUS=stopping"
    case .watchdog: return "WATCHDOG=1"
    // A line break would begin another word to the manager.
    case .status(let text): return "STATUS=" + printable(text)
    }
  }
}
