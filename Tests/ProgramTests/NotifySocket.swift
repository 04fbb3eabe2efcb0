import Foundation
import Glibc
import Support

/// Stands in for systemd: takes what a service tells of itself (sd_notify(3)).
final class NotifySocket: Sendable {
  /// As NOTIFY_SOCKET names it.
  let name: String
  private let told = Monitor(Told())

  /// `isAbstract` where the name is not one in the file system, as under some container managers.
  init(in folder: TemporaryDirectory, isAbstract: Bool = false) throws {
    let path = folder.appending("notify")
    name = (isAbstract ? "@" : "") + path
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = (isAbstract ? [0] : []) + Array(path.utf8)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, length) }
    }
    guard result == 0 else {
      close(descriptor)
      throw SupportError("cannot bind \(path)")
    }
    Thread.detachNewThread { [told, descriptor] in Self.readAll(from: descriptor, into: told) }
  }

  deinit { told.update { $0.isClosed = true } }

  /// The next message with this line in it; those before are passed over.
  func message(with line: String, within limit: Duration = .seconds(60)) async throws -> [String] {
    let deadline = Deadline(in: limit)
    let found = try await onOwnThread { [told] in
      told.wait(until: deadline) { told -> [String]? in
        while !told.messages.isEmpty {
          let message = told.messages.removeFirst()
          if message.contains(where: { $0.hasPrefix(line) }) { return message }
        }
        return nil
      }
    }
    guard let found else { throw SupportError("nobody told \(line) within \(limit)") }
    return found
  }

  private struct Told {
    var messages: [[String]] = []
    var isClosed = false
  }

  /// At once, whether anybody asks or not: the kernel keeps few datagrams, and a sender that does not wait loses the rest.
  private static func readAll(from descriptor: Int32, into told: Monitor<Told>) {
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !told.read({ $0.isClosed }) {
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&waiting, 1, 100) > 0 else { continue }
      let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { continue }
      let lines = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
      told.update { $0.messages.append(lines) }
    }
  }
}
