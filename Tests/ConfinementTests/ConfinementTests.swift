import CLinux
import Foundation
import Glibc
import Support
import Testing

@testable import Confinement

/// Each confines a thread of its own, which ends with the test: what the kernel allows to it is tried there.
@Suite("A confined process", .enabled(if: Confinement.isSupported, "this kernel has no Landlock"))
struct
  ConfinementTests
{
  private struct Place {
    let folder: TemporaryDirectory
    let inside: String
    let outside: String

    init() throws {
      folder = try TemporaryDirectory("confined")
      inside = try folder.makeFolder("inside", mode: 0o700)
      outside = try folder.makeFolder("outside", mode: 0o700)
      for directory in [inside, outside] {
        try Data("mail".utf8).write(to: URL(filePath: directory + "/file"))
        try FileManager.default.createDirectory(atPath: directory + "/cur", withIntermediateDirectories: false)
      }
    }

    var rules: AccessRules {
      var rules = AccessRules()
      rules.places = [.init(inside, .keep)]
      return rules
    }
  }

  @Test("reads and writes what it was given")
  func inside() async throws {
    let place = try Place()
    try await onOwnThread {
      _ = try Confinement(ofThread: place.rules)
      #expect(failure { unsafe open(place.inside + "/file", O_RDWR | O_TRUNC) } == 0)
      #expect(failure { unsafe open(place.inside + "/new", O_WRONLY | O_CREAT, 0o600) } == 0)
      // As mail is delivered: from one directory to another.
      #expect(failure { unsafe rename(place.inside + "/new", place.inside + "/cur/new") } == 0)
      #expect(failure { unsafe unlink(place.inside + "/cur/new") } == 0)
      #expect(failure { unsafe mkdir(place.inside + "/more", 0o700) } == 0)
    }
  }

  @Test("may look at the state of each of its threads, as libdispatch does, and into no other process (L12)")
  func threads() async throws {
    let place = try Place()
    let other = try ChildProcess(["/bin/sleep", "1000"])
    try await onOwnThread {
      let thread = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      let identifier = try #require(thread.split(separator: "/").last)
      _ = try Confinement(ofThread: place.rules)
      #expect(failure { unsafe open("/proc/\(identifier)/stat", O_RDONLY) } == 0)
      #expect(failure { unsafe open("/proc/\(other.identifier)/mem", O_RDONLY) } == EACCES)
      #expect(failure { unsafe open("/proc/\(other.identifier)/root/etc/passwd", O_RDONLY) } == EACCES)
      #expect(failure { unsafe open("/proc", O_RDONLY) } == EACCES)
    }
    await other.stop()
  }

  @Test("neither reads nor writes anything else, by whatever name, and starts no program")
  func outside() async throws {
    let place = try Place()
    try FileManager.default.createSymbolicLink(
      atPath: place.inside + "/link", withDestinationPath: place.outside + "/file")
    try await onOwnThread {
      _ = try Confinement(ofThread: place.rules)
      #expect(failure { unsafe open(place.outside + "/file", O_RDONLY) } == EACCES)
      #expect(failure { unsafe open(place.inside + "/link", O_RDONLY) } == EACCES)
      #expect(failure { unsafe open(place.inside + "/../outside/file", O_WRONLY) } == EACCES)
      #expect(failure { unsafe open(place.outside + "/new", O_WRONLY | O_CREAT, 0o600) } == EACCES)
      #expect(failure { unsafe open(place.outside, O_RDONLY | O_DIRECTORY) } == EACCES)
      #expect(failure { unsafe unlink(place.outside + "/file") } == EACCES)
      #expect(failure { unsafe rename(place.inside + "/file", place.outside + "/cur/file") } != 0)
      #expect(failure { unsafe link(place.outside + "/file", place.inside + "/cur/file") } != 0)
      #expect(failure { unsafe access("/bin/sh", X_OK) } == 0)
      #expect(failure { unsafe open("/bin/sh", O_RDONLY) } == EACCES)
    }
  }

  @Test("reads what TLS and name resolution need, and changes none of it")
  func system() async throws {
    let place = try Place()
    try await onOwnThread {
      _ = try Confinement(ofThread: place.rules)
      #expect(failure { unsafe open("/etc/passwd", O_RDONLY) } == 0)
      #expect(failure { unsafe open("/etc/passwd", O_WRONLY) } == EACCES)
      #expect(failure { unsafe open("/dev/null", O_RDWR) } == 0)
    }
  }

  @Test("connects to the ports that it was given, and listens on none")
  func network() async throws {
    guard clinux_landlock_version() >= 4 else { return }
    let (allowed, forbidden) = (try Listener(), try Listener())
    let place = try Place()
    var rules = place.rules
    rules.ports = [allowed.port]
    let granted = rules
    try await onOwnThread {
      _ = try Confinement(ofThread: granted)
      #expect(allowed.connect() == 0)
      #expect(forbidden.connect() == EACCES)
      #expect(throws: SupportError.self) { _ = try Listener() }
    }
  }

  @Test("knows when a name leads to another place than the one that was granted")
  func replaced() async throws {
    let place = try Place()
    try await onOwnThread {
      let confinement = try Confinement(ofThread: place.rules)
      #expect(confinement.isCurrent)
      #expect(confinement.covers(place.rules))
    }
    let confinement = try await onOwnThread { try Confinement(ofThread: place.rules) }
    try FileManager.default.moveItem(atPath: place.inside, toPath: place.inside + ".old")
    #expect(!confinement.isCurrent)
    _ = try place.folder.makeFolder("inside", mode: 0o700)
    #expect(!confinement.isCurrent)
    #expect(!confinement.covers(place.rules))
  }

  @Test("is given nothing for a place that is not there, and knows when it has come")
  func absent() async throws {
    let place = try Place()
    var rules = AccessRules()
    rules.places = [.init(place.inside + "/Mail", .keep)]
    let wanted = rules
    let confinement = try await onOwnThread {
      let confinement = try Confinement(ofThread: wanted)
      #expect(confinement.isCurrent)
      #expect(failure { unsafe mkdir(place.inside + "/Mail", 0o700) } == EACCES)
      #expect(failure { unsafe open(place.inside + "/file", O_RDONLY) } == EACCES)
      return confinement
    }
    _ = try place.folder.makeFolder("inside/Mail", mode: 0o700)
    #expect(!confinement.isCurrent)
  }

  @Test("waits for nobody at a FIFO that was granted, as a password may be behind one")
  func fifo() async throws {
    let place = try Place()
    let path = place.folder.appending("fifo")
    #expect(unsafe mkfifo(path, 0o600) == 0)
    var rules = AccessRules()
    rules.places = [.init(path, .read)]
    let wanted = rules
    try await onOwnThread {
      let confinement = try Confinement(ofThread: wanted)
      #expect(confinement.isCurrent)
      #expect(failure { unsafe open(path, O_WRONLY | O_NONBLOCK) } == EACCES)
      #expect(failure { unsafe open(path, O_RDONLY | O_NONBLOCK) } == 0)
    }
  }

  @Test("lacks what another configuration wants: a place, a port, a command")
  func covers() async throws {
    let place = try Place()
    let confinement = try await onOwnThread { try Confinement(ofThread: place.rules) }
    var (more, port, command) = (place.rules, place.rules, place.rules)
    more.places.append(.init(place.outside, .keep))
    port.ports = [993]
    command.commands = ["pass mail"]
    for wanted in [more, port, command] { #expect(!confinement.covers(wanted)) }
    #expect(confinement.covers(AccessRules()))
  }
}

/// The errno of a call that answers -1; else 0, and a descriptor that it answered is closed.
private func failure(_ call: () -> Int32) -> Int32 {
  let answer = call()
  let reason = errno
  if answer > 2 { close(answer) }
  return answer < 0 ? reason : 0
}

/// A TCP port of loopback.
private final class Listener: Sendable {
  let port: UInt16
  private let descriptor: Int32

  init() throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    self.descriptor = descriptor
    var address = Listener.loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, length) == 0 && listen(descriptor, 4) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    guard isBound, port != 0 else { throw SupportError("cannot listen") }
  }

  deinit { close(descriptor) }

  /// The errno; 0 where it is connected.
  func connect() -> Int32 {
    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(client) }
    var address = Self.loopback(port)
    let answer = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return answer == 0 ? 0 : errno
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
