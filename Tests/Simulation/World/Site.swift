import Mail
package import Ports
import Support

/// What outlives martlet's processes: time, the disk, the server and the way to it, the state directory.
@Loop
package final class Site {
  package let setting: Setting
  package let clock: WorldClock
  package let log: EventLog
  package let disk: SimulatedDisk
  package let server: SimulatedServer
  package let network: SimulatedNetwork
  package let vault: LedgerVault
  private var processes: Int32 = 0

  /// `stateDirectory` on the machine that simulates, for this site alone.
  package init(_ setting: Setting, stateDirectory: String, keepsLines: Bool = false) throws {
    self.setting = setting
    log = EventLog(keepsLines: keepsLines)
    clock = WorldClock()
    disk = SimulatedDisk(log: log, clock: clock, traits: setting.traits)
    disk.trouble = setting.diskTrouble
    server = SimulatedServer(
      profile: setting.server, clock: clock, log: log, dice: Dice(seed: setting.seed &+ 11),
      firstModSeq: 1_000_000)
    network = SimulatedNetwork(
      servers: [Setting.host: server], clock: clock, dice: Dice(seed: setting.seed &+ 12), log: log)
    network.conditions = setting.conditions
    vault = try LedgerVault(directory: stateDirectory, log: log)
    try disk.makeDirectory("/home/user")
    try disk.write("/home/user/.profile", "not mail\n")
    disk.writeBack()
  }

  /// A process number that no process of this site had before.
  func nextProcess() -> Int32 {
    processes += 1
    return processes
  }

  /// Everything ends as it should be again.
  package func endTrouble() {
    server.trouble = ServerTrouble()
    network.conditions = setting.conditions
    disk.trouble = setting.diskTrouble
  }

  /// Lets go of everything, so that a next world has the memory.
  package func takeDown() {
    network.shutDown()
    clock.end()
    vault.destroy()
  }
}
