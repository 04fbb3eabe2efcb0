// The simulated disk: files, directories, inotify and power cuts, in memory. Read this file first, then DiskKernel.

package import Ports

/// A disk that outlives the processes on it.
///
/// Promises: what a running program sees is POSIX, and what martlet's processes see is what `DiskFileSystem` and
/// `InotifyWatcher` make of it, kinds of errors and order of events included. Every effect of a process asks its
/// lifeline and is noted in the log; the same calls with the same dice give the same disk, byte for byte. What
/// `makeDurable` vouched for survives every power cut; what it did not may be lost in any way that the file system of
/// `traits` allows.
///
/// Refuses to simulate: permission bits (a place is forbidden or not), owners, access times, sparse files, extended
/// attributes, writing in place by martlet, numbers of inodes that come again, a directory's time that survives
/// although its names do not, quotas, bit rot, and network file systems on which others' changes are not told.
@Loop
package final class SimulatedDisk {
  package let traits: DiskTraits
  package var trouble: DiskTrouble {
    get { kernel.trouble }
    set { kernel.trouble = newValue }
  }

  let log: EventLog
  let kernel: DiskKernel
  /// How often the machine was started: what was open before is not any more.
  var boots = 0
  var unmounted: [String: Unmounted] = [:]
  private var processes: [Lifeline] = []
  private var watchers: [WeakWatcher] = []
  private var calls = 0
  /// Files without a name since the last power cut, by the name that a person's program had just given them: where a
  /// journal has each directory by itself, the old name was gone for good before the new one was.
  package internal(set) var torn: [String] = []
  /// Names of files whose last move by a person's program the last power cut undid.
  package internal(set) var movedBack: Set<String> = []
  /// Files of which the last power cut took content that a sync had claimed to bring to the disk: one before had failed.
  package internal(set) var ruined: Set<UInt64> = []
  /// Files of which it claims to hold what it does not: after a sync failed, the next did nothing and said so to nobody.
  package var hasLostContent: Bool { kernel.unsynced.values.contains { $0.isClaimed } }

  private struct WeakWatcher { weak var watcher: SimulatedWatcher? }

  package init(log: EventLog, clock: any LoopClock, traits: DiskTraits = DiskTraits()) {
    self.log = log
    self.traits = traits
    kernel = DiskKernel(traits, clock: clock)
  }

  // MARK: - For martlet's processes

  /// The tree below `root`, an absolute path that need not be there yet.
  package func fileSystem(root: String, life: Lifeline) -> any FileSystem {
    note(life)
    return SimulatedFileSystem(self, root: root, life: life)
  }

  /// Watches directories below `root`, which must be there.
  package func watcher(root: String, life: Lifeline) throws(FileError) -> any DirectoryWatcher {
    note(life)
    if trouble.isOutOfDescriptors { throw FileError("watch", "", .tooManyOpen) }
    let inode = try telling("open", root) { () throws(DiskRefusal) in
      try kernel.find(root, from: kernel.root, follows: true)
    }
    guard inode.kind == .directory else { throw FileError("open", root, .notDirectory) }
    let watcher = SimulatedWatcher(kernel, root: inode, life: life)
    watchers.removeAll { $0.watcher == nil }
    watchers.append(WeakWatcher(watcher: watcher))
    return watcher
  }

  /// Every watcher's queue runs over now: what follows, until it is read, is lost.
  package func overflowWatchers() {
    log.note("disk watchers overflow")
    for watcher in watchers { watcher.watcher?.overflow() }
  }

  /// Ends every process that was ever given a view of this disk.
  func endProcesses() {
    let ending = processes
    processes = []
    for process in ending { process.end() }
  }

  /// True for the calls that `failsEvery` picks.
  var failsNow: Bool {
    guard let every = trouble.failsEvery else { return false }
    calls += 1
    return calls % every == 0
  }

  private func note(_ life: Lifeline) {
    processes.removeAll { $0.isDead }
    if !processes.contains(where: { $0 === life }) { processes.append(life) }
  }
}
