import Glibc
import Mail
import Ports
import Reactor
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct CommandOutputTests {
  @Loop private static func line(
    _ command: String, deadline: Duration = CommandOutput.defaultDeadline
  ) async throws(CommandError) -> Secret {
    try await CommandOutput(reactor: Reactor.startShared(), deadline: deadline).firstLine(of: command)
  }

  @Loop private static func error(_ command: String, deadline: Duration = .seconds(50)) async -> CommandError? {
    do throws(CommandError) {
      _ = try await line(command, deadline: deadline)
      return nil
    } catch { return error }
  }

  @Test(
    "the first line is the password, whatever follows",
    arguments: [
      ("echo hunter2", "hunter2"), ("printf hunter2", "hunter2"), (#"printf 'hunter2\r\n'"#, "hunter2"),
      (#"printf 'pä ss\nuser: me\n'"#, "pä ss"),
      ("cat; echo no stdin", "no stdin"), ("echo agent; sleep 100 &", "agent"),
      (#"head -c 50000 /dev/zero | tr '\0' y | fold -w 10"#, "yyyyyyyyyy"), ("echo quiet; echo noise >&2", "quiet"),
    ])
  func firstLine(_ command: String, _ expected: String) async throws {
    let secret = try await Reactor.onShared { try await Self.line(command) }
    #expect(secret == Secret(expected))
    #expect("\(secret)" == "***")
  }

  @Test(
    "a command that gives no password is an error with status and stderr, without its output (L13)",
    arguments: [
      ("echo hunter2; echo locked >&2; exit 3", "the command ended with status 3: locked"),
      (
        "echo trying; echo 'no key'; echo decrypting >&2; echo 'no key' >&2; exit 2",
        "the command ended with status 2: no key"
      ),
      ("true", "the command printed no first line"), ("echo; echo second", "the command printed no first line"),
      (#"printf 'hunter\377\n'"#, "the command's first line is not UTF-8"),
      ("head -c 100000 /dev/zero | tr '\\0' y", "the command printed more than 65536 bytes"),
      ("kill -15 $$", "the command was killed by signal 15"),
      (#"printf '\033]0;x\007' >&2; exit 1"#, #"the command ended with status 1: \u{1b}]0;x\u{7}"#),
    ])
  func failures(_ command: String, _ text: String) async throws {
    let error = try await Reactor.onShared { await Self.error(command) }
    #expect(error == CommandError(.failed, text))
  }

  @Test("a command that takes too long is killed with all it started")
  func timeout() async throws {
    let error = try await Reactor.onShared {
      await Self.error("echo waiting for a card >&2; trap '' TERM; sleep 1000 & wait", deadline: .milliseconds(200))
    }
    #expect(error?.kind == .timedOut)
    #expect(error?.text.hasSuffix(": waiting for a card") == true)
  }

  @Test("waiting for a command can be cancelled")
  func cancelled() async throws {
    let error = try await Reactor.onShared {
      let task = Loop.task { await Self.error("sleep 1000") }
      await settle()
      task.cancel()
      return await task.value
    }
    #expect(error?.kind == .cancelled)
  }

  @Test("children of others are left to them")
  func otherChildren() async throws {
    var other: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [
      strdup("sh"), strdup("-c"), strdup("exit 42"), nil,
    ]
    #expect(unsafe posix_spawn(&other, "/bin/sh", nil, nil, &arguments, environ) == 0)
    unsafe arguments.forEach { unsafe free($0) }
    for _ in 0..<3 { _ = try await Reactor.onShared { try await Self.line("sleep 0.02; echo x") } }
    var status: Int32 = 0
    #expect(unsafe waitpid(other, &status, 0) == other)
    #expect((status >> 8) & 0xFF == 42)
  }
}
