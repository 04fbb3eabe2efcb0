/// What kind of file system a simulated disk has. The default is ext4 as it is mounted today.
package struct DiskTraits: Sendable {
  package enum Names: Sendable {
    /// Names are bytes.
    case exact
    /// `A` is `a`, and a composed letter is the decomposed one; listed as it was written (APFS, ext4 with casefold).
    case caseInsensitive
    /// A composed letter is the decomposed one, and is listed decomposed however it was written (HFS+).
    case normalizing
  }

  /// What a power cut may do to changes of names that were not synced.
  package enum Journal: Sendable {
    /// ext4, XFS, btrfs: a rename is kept or lost as a whole, and syncing one of its directories keeps it as a whole;
    /// what is kept is reachable, for the directories above it are kept too.
    case whole
    /// Each directory by itself, which is all that the port promises: of a file's rename between two directories the
    /// new name may be kept and the old one stay beside it; a directory that was made is gone with all that is in it
    /// unless the one above was synced. A rename loses its file only where the old directory was synced and the new
    /// one was not.
    case byDirectory
  }

  package var names = Names.exact
  /// In bytes.
  package var nameLengthMax = 255
  package var journal = Journal.whole
  package var hasHardLinks = true
  /// False as on NFS, which locks no directories.
  package var hasLocks = true
  /// False where the file system cannot rename without replacing in one step; the adapter then links and unlinks.
  package var hasExclusiveRename = true
  /// How far file times move at once, in nanoseconds: 4 ms for the kernel's clock, whole seconds for older systems.
  package var timeStep: Int64 = 4_000_000

  package init() {}
}

/// What goes wrong for martlet's processes, until it is set back. People's programs are spared all but failing barriers:
/// the world decides what they do, and one that fails does nothing.
package struct DiskTrouble: Sendable {
  /// No new file or directory, and no further byte.
  package var isFull = false
  /// So many bytes fit on the whole disk; a write that does not fit stores what does, and fails.
  package var capacity: Int?
  package var isReadOnly = false
  /// Everything that needs a descriptor fails.
  package var isOutOfDescriptors = false
  /// Every call of this number fails with an I/O error: 3 fails the third, the sixth …
  package var failsEvery: Int?
  /// Absolute paths at and below which every call fails with an I/O error.
  package var failingPaths: [String] = []
  /// Each barrier fails, other programs' too; what it should have brought to the disk stays lost, although a later one succeeds, as Linux
  /// has it (fsyncgate).
  package var failsSyncs = false
  /// What a listing, a barrier and a read from the disk wait for; others act meanwhile.
  package var latency = Duration.zero
  /// A listing is interrupted, for `latency`, after each so many entries: what is renamed meanwhile may be missing from
  /// it, or be in it twice.
  package var entriesPerListingStep: Int?

  /// How many directories may be watched on the whole disk.
  package var watchesMax = Int.max
  /// Events a watcher's queue holds before it runs over.
  package var watchQueueMax = 16_384
  /// Events wait so long until the process is woken by them. Counting changes is never late.
  package var eventDelay = Duration.zero

  package init() {}
}
