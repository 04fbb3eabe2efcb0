import Glibc
import Ports
import Reactor
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct CommandStreamTests {
  @Loop private static func tunnel(_ command: String) async throws(StreamError) -> any ByteStream {
    try await TransportDialer(reactor: Reactor.startShared()).dial(.tunnel(command: command))
  }

  @Test("a tunnel carries bytes both ways and counts as confidential (L13)")
  func cat() async throws {
    try await Reactor.onShared {
      let stream = try await Self.tunnel("cat")
      try await stream.write("a NOOP\r\n")
      #expect(try await stream.read(count: 8) == Array("a NOOP\r\n".utf8))
      #expect(stream.isConfidential)
      #expect(await failure { () throws(StreamError) in try await stream.startTLS() }.kind == .untrusted)
    }
  }

  @Test("20 MB through cat come back whole")
  func transfer() async throws {
    try await Reactor.onShared {
      let stream = try await Self.tunnel("cat")
      let bytes = pattern(20 << 20)
      let writing = Loop.beside { () throws(StreamError) in try await stream.write(bytes) }
      let isWhole = areEqual(try await stream.read(count: bytes.count), bytes)
      #expect(isWhole)
      #expect(await writing.value.failureKind == nil)
    }
  }

  @Test(
    "a tunnel that dies says how, with its last words made printable (L12)",
    arguments: [
      (#"echo "host key changed" >&2; exit 3"#, StreamError.Kind.unreachable, "ended with status 3: host key changed"),
      (#"printf 'one\ntwo\033[2J' >&2; exit 255"#, .unreachable, #"ended with status 255: one / two\u{1b}[2J"#),
      ("echo '* PREAUTH'; echo bye >&2; exit 0", .closed, "ended with status 0: bye"),
      ("echo '* PREAUTH'; exit 2", .closed, "ended with status 2"),
      ("kill -9 $$", .unreachable, "was killed by signal 9"),
      ("exit 0", .unreachable, "ended with status 0"),
      ("exec </dev/null >/dev/null; sleep 100", .unreachable, "closed its output"),
      ("/nowhere/imapd", .unreachable, "ended with status 127"),
    ])
  func dies(_ command: String, _ kind: StreamError.Kind, _ words: String) async throws {
    try await Reactor.onShared {
      let stream = try await Self.tunnel(command)
      let error = await failure { () throws(StreamError) in
        while try await !stream.read().isEmpty {}
      }
      #expect(error.kind == kind)
      #expect(error.text.contains("the command \(words)"), "\(error.text)")
    }
  }

  @Test("no word of the command is in an error (L13)")
  func secret() async throws {
    try await Reactor.onShared {
      let stream = try await Self.tunnel("WORD=\"open sesame\" false")
      let ended = await failure { () throws(StreamError) in try await stream.read() }
      let unsecured = await failure { () throws(StreamError) in try await stream.startTLS() }
      #expect(ended.text == "the command ended with status 1")
      #expect(!unsecured.text.contains("sesame") && !unsecured.text.contains("false"))
    }
  }

  @Test("a tunnel that says goodbye and ends well is an end")
  func endsWell() async throws {
    try await Reactor.onShared {
      let stream = try await Self.tunnel("echo '* BYE'")
      #expect(try await stream.read(count: 100) == Array("* BYE\n".utf8))
      #expect(try await stream.read() == [])
    }
  }

  @Test("a write to a dead tunnel is an error, not a signal")
  func deadWrite() async throws {
    try await Reactor.onShared {
      let stream = try await Self.tunnel("exit 3")
      _ = await failure { () throws(StreamError) in try await stream.read() }
      #expect(await failure { () throws(StreamError) in try await stream.write("a NOOP\r\n") }.kind == .closed)
    }
  }

  @Test("what a tunnel says on stderr does not hold it up, and only the last of it is kept")
  func chatty() async throws {
    try await Reactor.onShared {
      let stream = try await Self.tunnel("head -c 1000000 /dev/zero | tr '\\0' x >&2; echo; echo the end >&2; exit 1")
      #expect(try await stream.read() == Array("\n".utf8))
      let error = await failure { () throws(StreamError) in try await stream.read() }
      #expect(error.text.hasSuffix("the end"))
      #expect(error.text.utf8.count < 1400)
    }
  }

  @Test("closing ends pending reads and every process of the tunnel, also one that ignores SIGTERM")
  func close() async throws {
    try await Reactor.onShared {
      let stream = try await Self.tunnel("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000")
      let text = String(decoding: try await stream.read(), as: UTF8.self)
      let grandchild = try #require(pid_t(text.filter(\.isNumber)))
      let reading = Loop.beside { () throws(StreamError) in try await stream.read() }
      await settle()
      stream.close()
      #expect(await reading.value.failureKind == .closed)
      let clock = ReactorClock(Reactor.startShared())
      // It is not our child, so nothing tells of its end.
      while isAlive(grandchild) { try await clock.sleep(for: .milliseconds(20)) }
    }
  }

  @Test("a read of a tunnel can be cancelled")
  func cancelled() async throws {
    try await Reactor.onShared {
      let stream = try await Self.tunnel("cat")
      let reading = Loop.beside { () throws(StreamError) in try await stream.read() }
      await settle()
      reading.cancel()
      #expect(await reading.value.failureKind == .cancelled)
    }
  }
}

/// False for a zombie too: whoever inherits it may be slow to reap.
private func isAlive(_ process: pid_t) -> Bool {
  let status = unsafe open("/proc/\(process)/stat", O_RDONLY)
  guard status >= 0 else { return false }
  defer { close(status) }
  var buffer = [UInt8](repeating: 0, count: 256)
  let count = unsafe read(status, &buffer, buffer.count)
  guard count > 0 else { return false }
  return !String(decoding: buffer[..<count], as: UTF8.self).contains(") Z ")
}
