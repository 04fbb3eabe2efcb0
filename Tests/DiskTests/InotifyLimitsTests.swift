import Disk
import Glibc
import Ports
import Reactor
import Testing

@Suite("What the kernel lets be watched")
struct InotifyLimitsTests {
  @Test("is known, and so is what the processes of a user take of it")
  func use() async throws {
    try await Reactor.onShared {
      let limits = InotifyLimits.current()
      #expect(limits.watches.map { $0 > 0 } == true)
      #expect(limits.instances.map { $0 > 0 } == true)
      let scratch = try Scratch()
      let watcher = try InotifyWatcher(Reactor.startShared(), root: scratch.path)
      try watcher.watch("")
      // Other tests of this process watch, too, and other programs come and go: only what must be there is looked for.
      let use = InotifyUse.ofOthers(than: [])
      #expect(use.watches >= 1)
      #expect(use.instances >= 1)
      watcher.close()
      scratch.remove()
    }
  }
}
