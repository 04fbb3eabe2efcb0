import Mail
package import Ports
import Reconciliation
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

extension Site {
  /// False where the base still has another numbering of this mailbox.
  func isNumberSeen(of box: SimulatedMailbox) -> Bool {
    do {
      let row = try vault.current.folders().first { server.name(of: $0.names.far) == box.name }
      return row?.isNumbered(as: box) ?? true
    } catch {
      return false
    }
  }
}

extension LedgerFolder {
  /// False for another mailbox, which has the folder's name by now: the base speaks of the one that had it before.
  @Loop
  func isNumbered(as box: SimulatedMailbox) -> Bool {
    guard case .imap(let known)? = checkpoints.far else { return true }
    return known.uidValidity.rawValue == box.uidValidity
  }
}
