import Glibc
import Mail
import Ports
import Reactor
import Support
import Testing
import Transport

@Suite("A Unix socket that listens")
struct UnixListenerTests {
  @Test("is for its owner only, and so is the directory made for it")
  func modes() async throws {
    let folder = try TemporaryDirectory("socket")
    try await Reactor.onShared {
      let path = folder.appending("run/control.sock")
      let listener = try UnixListener(Reactor.startShared(), path: path)
      #expect(mode(path) == S_IFSOCK | 0o600)
      #expect(mode(folder.appending("run")) == S_IFDIR | 0o700)
      listener.close()
      #expect(mode(path) == nil)
    }
  }

  @Test("carries bytes both ways")
  func bytes() async throws {
    let folder = try TemporaryDirectory("socket")
    try await Reactor.onShared {
      let listener = try UnixListener(Reactor.startShared(), path: folder.appending("s"))
      let near = try #require(try UnixSocket.connect(Reactor.startShared(), path: folder.appending("s")))
      let far = try await listener.accept()
      try await near.write([1, 2, 3])
      #expect(try await far.read() == [1, 2, 3])
      try await far.write([4])
      #expect(try await near.read() == [4])
      near.close()
      #expect(try await far.read() == [])
    }
  }

  @Test("takes the place of one that a dead process left")
  func stale() async throws {
    let folder = try TemporaryDirectory("socket")
    try await Reactor.onShared {
      let path = folder.appending("s")
      try leaveSocket(at: path)
      #expect(try UnixSocket.connect(Reactor.startShared(), path: path) == nil)
      let listener = try UnixListener(Reactor.startShared(), path: path)
      #expect(try UnixSocket.connect(Reactor.startShared(), path: path) != nil)
      listener.close()
    }
  }

  @Test("leaves one alone that is in use, also when it gives up")
  func taken() async throws {
    let folder = try TemporaryDirectory("socket")
    try await Reactor.onShared {
      let path = folder.appending("s")
      let first = try UnixListener(Reactor.startShared(), path: path)
      #expect(throws: UnixListenerError.taken(path)) { try UnixListener(Reactor.startShared(), path: path) }
      #expect(try UnixSocket.connect(Reactor.startShared(), path: path) != nil)
      first.close()
    }
  }

  @Test("does not take away what another put in its place")
  func replaced() async throws {
    let folder = try TemporaryDirectory("socket")
    try await Reactor.onShared {
      let path = folder.appending("s")
      let listener = try UnixListener(Reactor.startShared(), path: path)
      #expect(unsafe unlink(path) == 0)
      try folder.write("mine", to: "s")
      listener.close()
      #expect(mode(path) != nil)
    }
  }

  @Test("does not replace what is no socket")
  func file() async throws {
    let folder = try TemporaryDirectory("socket")
    try folder.write("precious", to: "s")
    try await Reactor.onShared {
      #expect(throws: UnixListenerError.self) { try UnixListener(Reactor.startShared(), path: folder.appending("s")) }
      #expect(mode(folder.appending("s")) == S_IFREG | 0o644)
    }
  }

  @Test("says that its path is too long")
  func tooLong() async throws {
    let folder = try TemporaryDirectory("socket")
    let path = folder.appending(String(repeating: "x", count: UnixSocket.pathLengthMax))
    try await Reactor.onShared {
      let error = #expect(throws: UnixListenerError.self) { try UnixListener(Reactor.startShared(), path: path) }
      guard case .unusable(let text) = error else { return }
      #expect(text.contains("too long for a Unix socket") && text.contains("--state-dir"))
    }
  }

  @Test("is not there for who connects to nothing")
  func nobody() async throws {
    let folder = try TemporaryDirectory("socket")
    try await Reactor.onShared {
      let stream = try UnixSocket.connect(Reactor.startShared(), path: folder.appending("a/s"))
      #expect(stream == nil)
    }
  }

  @Test("stops waiting for a caller when it is cancelled")
  func cancelled() async throws {
    let folder = try TemporaryDirectory("socket")
    try await Reactor.onShared {
      let listener = try UnixListener(Reactor.startShared(), path: folder.appending("s"))
      let waiting = Loop.task {
        do {
          _ = try await listener.accept()
          return false
        } catch {
          return true
        }
      }
      waiting.cancel()
      #expect(await waiting.value)
    }
  }

  private func mode(_ path: String) -> mode_t? {
    var status = stat()
    return unsafe lstat(path, &status) == 0 ? status.st_mode : nil
  }

  /// As a process that was killed leaves it: bound, and closed.
  private func leaveSocket(at path: String) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(result == 0)
  }
}
