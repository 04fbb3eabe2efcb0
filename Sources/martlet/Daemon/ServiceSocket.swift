import Confinement
import Glibc
import Reactor

/// The service manager's datagram socket (sd_notify(3)).
struct ServiceSocket: Sendable {
  /// `sun_path` without a NUL, which an abstract name has in front and a path may do without.
  private static let pathLengthMax = 107

  private let path: [UInt8]

  /// Nil where there is no service manager.
  init?(_ environment: Environment) {
    guard let name = environment["NOTIFY_SOCKET"], name.hasPrefix("/") || name.hasPrefix("@"),
      name.utf8.count <= Self.pathLengthMax
    else { return nil }
    var path = Array(name.utf8)
    // An abstract name begins with a NUL, and its length counts.
    if path[0] == UInt8(ascii: "@") { path[0] = 0 }
    self.path = path
  }

  /// A manager that does not listen changes nothing of what we do. It may hear the process only that it started.
  func send(_ state: ServiceState) {
    let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard let descriptor = FileDescriptor(owning: socket(AF_UNIX, kind, 0)) else { return }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
    let length = MemoryLayout<sa_family_t>.size + path.count
    let bytes = Array(state.message().utf8)
    _ = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe sendto(
          descriptor.number, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0, socklen_t(length))
      }
    }
  }
}
