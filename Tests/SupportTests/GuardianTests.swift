import Foundation
import Testing

@testable import Support

@Suite struct GuardianTests {
  @Test("what is left when a test process dies is ended and removed, what was released is not")
  func clearsUp() async throws {
    let (left, released) = (try ChildProcess(["sleep", "1000"]), try ChildProcess(["sleep", "1000"]))
    let (folder, kept) = (try TemporaryDirectory("left"), try TemporaryDirectory("kept"))
    let foreign = try kept.makeFolder("not-ours")
    let guardian = try ChildProcess(["sh", "-c", Guardian.script], input: .pipe)
    for line in [
      "+group \(left.identifier)", "+group \(released.identifier)", "-group \(released.identifier)",
      "+folder \(folder.path)", "+folder \(kept.path)", "-folder \(kept.path)", "+folder \(foreign)",
    ] { guardian.write(line + "\n") }
    // The pipe's end is what a dead test process leaves.
    guardian.closeInput()
    #expect(try await guardian.wait() == .exited(0))
    #expect(try await left.wait() == .killed(signal: SIGTERM))
    #expect(released.isRunning)
    #expect(!FileManager.default.fileExists(atPath: folder.path))
    #expect(FileManager.default.fileExists(atPath: foreign))
  }
}
