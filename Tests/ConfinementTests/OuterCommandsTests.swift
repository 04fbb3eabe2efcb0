import Glibc
import Ports
import Testing

@testable import Confinement

@Suite("The commands of the outer process") struct OuterCommandsTests {
  @Test("are those that were named before the seal, and no others")
  func sealed() {
    let commands = OuterCommands()
    commands.allow("exit 3")
    commands.seal()
    commands.allow("exit 4")
    #expect(commands.start(1, 1, [], []) == .notStarted(EPERM))
    #expect(commands.start(2, 0, [], []) == nil)
    #expect(end(of: commands) == .exited(3))
    commands.release(2, .leaveOthers)
  }

  @Test("end with all that they started when they are released, and nobody is told")
  func released() throws {
    var ends: [Int32] = [-1, -1]
    #expect(unsafe pipe(&ends) == 0)
    let commands = OuterCommands()
    commands.allow("sleep 1000 & echo x; wait")
    commands.seal()
    #expect(commands.start(1, 0, .output, [ends[1]]) == nil)
    close(ends[1])
    var octet: UInt8 = 0
    #expect(unsafe read(ends[0], &octet, 1) == 1)
    commands.release(1, .kill)
    // The end comes when no process holds the other end any more.
    while unsafe read(ends[0], &octet, 1) > 0 {}
    close(ends[0])
    while commands.millisecondsToNextDeadline >= 0 { commands.look { _, _ in Issue.record("nobody asks any more") } }
  }

  @Test("are no more at a time than the limit, and one more when one has gone")
  func bounded() {
    let commands = OuterCommands(runningMax: 2)
    commands.allow("true")
    commands.seal()
    #expect(commands.start(1, 0, [], []) == nil)
    #expect(commands.start(2, 0, [], []) == nil)
    #expect(commands.start(3, 0, [], []) == .notStarted(EAGAIN))
    #expect(end(of: commands) == .exited(0))
    commands.release(1, .kill)
    commands.release(2, .kill)
    while commands.millisecondsToNextDeadline >= 0 { commands.look { _, _ in Issue.record("nobody asks any more") } }
    #expect(commands.start(3, 0, [], []) == nil)
    #expect(end(of: commands) == .exited(0))
    commands.release(3, .leaveOthers)
  }

  @Test("do not start with other descriptors than were sent for them")
  func descriptorsMissing() {
    let commands = OuterCommands()
    commands.allow("exit 3")
    commands.seal()
    #expect(commands.start(1, 0, [.output, .error], []) == .notStarted(EMFILE))
    #expect(commands.start(1, 0, .output, [1, 2]) == .notStarted(EMFILE))
  }

  private func end(of commands: OuterCommands) -> CommandEnd {
    var found: CommandEnd?
    while found == nil { commands.look { _, end in found = end } }
    return found ?? .notStarted(0)
  }
}
