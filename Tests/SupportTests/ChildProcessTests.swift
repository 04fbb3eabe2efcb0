import Foundation
import Glibc
import Support
import Testing

@Suite struct ChildProcessTests {
  @Test("output, errors and exit code are captured apart")
  func capturesOutput() async throws {
    let result = try await ChildProcess.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    #expect(result.output == "out\n")
    #expect(result.errors == "err\n")
    #expect(result.ending == .exited(3))
  }

  @Test("a line is awaited, not polled for by sleeping, and the ones before it are passed over")
  func awaitsLine() async throws {
    let child = try ChildProcess(["sh", "-c", "echo one; echo two; read answer; echo got $answer; cat"], input: .pipe)
    #expect(try await child.line { $0.hasPrefix("t") } == "two")
    child.write("this\n")
    #expect(try await child.line() == "got this")
    #expect(child.isRunning)
    await child.stop()
    #expect(child.groupIsGone)
  }

  @Test("a line that never comes is an error that shows what came instead")
  func missingLine() async throws {
    await #expect(throws: SupportError.self) {
      let child = try ChildProcess(["echo", "something else"])
      _ = try await child.line { $0 == "never" }
    }
  }

  @Test("a program that ignores SIGTERM is killed with its children")
  func killsStubborn() async throws {
    let child = try ChildProcess(["sh", "-c", "trap '' TERM; sleep 1000 & echo ready; wait; sleep 1000"])
    _ = try await child.line()
    #expect(await child.stop(grace: .milliseconds(50)) == .killed(signal: SIGKILL))
    #expect(child.groupIsGone)
  }

  @Test("letting go of a program ends it")
  func endsWithoutReference() async throws {
    var child: ChildProcess? = try ChildProcess(["sh", "-c", "echo ready; exec sleep 1000"])
    _ = try await child?.line()
    let group = try #require(child?.identifier)
    child = nil
    let result = try await ChildProcess.run(
      ["sh", "-c", "while kill -0 -- -\(group) 2>/dev/null; do :; done; echo gone"], within: .seconds(10))
    #expect(result.output == "gone\n")
  }

  @Test("input is fed, the environment and the folder are as given")
  func inputAndSurroundings() async throws {
    let result = try await ChildProcess.run(
      ["sh", "-c", "cat; echo $NAME; pwd"], environment: ["NAME": "value", "PATH": "/usr/bin:/bin"], directory: "/usr",
      input: .bytes(Array("in\n".utf8)))
    #expect(result.output == "in\nvalue\n/usr\n")
  }

  @Test("a hundred waits at once hold up nobody")
  func manyAtOnce() async throws {
    let children = try (0..<100).map { _ in try ChildProcess(["cat"], input: .pipe) }
    try await withThrowingTaskGroup(of: String.self) { group in
      for child in children {
        group.addTask { try await child.line() }
      }
      for (number, child) in children.enumerated().reversed() { child.write("\(number)\n") }
      var lines: Set<String> = []
      for try await line in group { lines.insert(line) }
      #expect(lines.count == 100)
    }
  }
}
