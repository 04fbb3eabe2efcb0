// Confinement: least privilege for the process that talks to servers. `Confinement` gives up what is not needed;
// `OuterProcess` is the other half, which does what a confined process cannot. Read this file first, then OuterProcess.
// It may import Reactor, Ports, Mail and CLinux.

import CLinux
import Glibc
import Mail
import Reactor

/// Rules that this process is held to by the kernel, for as long as it lives (landlock(7)).
///
/// The kernel holds on to directories and files themselves, not to their names: after a mount, or where something was
/// put in a granted one's place, the name leads to what nobody was given. A file system that was mounted anew is another
/// to it, too, though all of its numbers are the same.
package struct Confinement: Sendable {
  /// Below it a file cannot be renamed from one directory to another, which is how mail is delivered.
  static let versionMin: Int32 = 2
  /// From here on TCP ports are told apart.
  private static let versionOfPorts: Int32 = 4
  /// From here on signals, and sockets without a file, are kept to those who are confined alike.
  private static let versionOfScopes: Int32 = 6
  private static let connect: UInt64 = 1 << 1
  private static let bindAndConnect: UInt64 = 1 << 0 | connect
  private static let signalsAndAbstractSockets: UInt64 = 1 << 1 | 1 << 0

  package let rules: AccessRules
  /// Of the kernel's ABI.
  package let version: Int32
  private let identities: [AccessRules.Grant: FileIdentity]

  /// True where the kernel can do it.
  package static var isSupported: Bool { clinux_landlock_version() >= versionMin }

  /// Holds this process to the rules. It must have one thread: others would stay as free as they were.
  package init(_ rules: AccessRules) throws(ConfinementError) {
    guard let threads = ThreadCount.current else { throw ConfinementError("how many threads there are", errno) }
    guard threads == 1 else { throw ConfinementError("there are threads already") }
    try self.init(ofThread: rules)
  }

  /// Holds the calling thread to the rules, and those that it starts.
  init(ofThread rules: AccessRules) throws(ConfinementError) {
    version = clinux_landlock_version()
    guard version >= Self.versionMin else { throw ConfinementError("this kernel has no Landlock") }
    let hasPorts = version >= Self.versionOfPorts
    let scopes = version >= Self.versionOfScopes ? Self.signalsAndAbstractSockets : 0
    let known = FileRights.known(version: version)
    let number = clinux_landlock_create(known.rawValue, hasPorts ? Self.bindAndConnect : 0, scopes)
    guard let ruleset = FileDescriptor(owning: number) else { throw ConfinementError("a rule set", errno) }
    for grant in SystemPlaces.grants { _ = try Self.allow(grant, known, in: ruleset) }
    var identities: [AccessRules.Grant: FileIdentity] = [:]
    for grant in rules.places { identities[grant] = try Self.allow(grant, known, in: ruleset) }
    if hasPorts {
      for port in rules.ports where clinux_landlock_allow_port(ruleset.number, port, Self.connect) != 0 {
        throw ConfinementError("port \(port)", errno)
      }
    }
    guard clinux_landlock_enforce(ruleset.number) == 0 else { throw ConfinementError("the rules", errno) }
    self.rules = rules
    self.identities = identities
  }

  /// False where a name leads elsewhere by now than when it was granted: then it takes a new process to go there.
  package var isCurrent: Bool {
    rules.places.allSatisfy { FileIdentity($0.path) == identities[$0] }
  }

  /// True where all of `wanted` can be done as things are.
  package func covers(_ wanted: AccessRules) -> Bool {
    Set(wanted.places).isSubset(of: rules.places) && wanted.ports.isSubset(of: rules.ports)
      && wanted.commands.isSubset(of: rules.commands) && isCurrent
  }

  /// Nil where nothing is there: what comes there later takes a new process.
  private static func allow(
    _ grant: AccessRules.Grant, _ known: FileRights, in ruleset: borrowing FileDescriptor
  ) throws(ConfinementError) -> FileIdentity? {
    let number = unsafe open(grant.path, clinux_path_flag() | O_CLOEXEC)
    // What cannot even be looked up (ENOENT, EACCES) could not be used either.
    guard let place = FileDescriptor(owning: number) else { return nil }
    var status = stat()
    guard unsafe fstat(place.number, &status) == 0 else { throw ConfinementError(grant.path, errno) }
    var rights = grant.use.rights.intersection(known)
    if status.st_mode & S_IFMT != S_IFDIR { rights.formIntersection(.ofFiles) }
    guard clinux_landlock_allow_path(ruleset.number, place.number, rights.rawValue) == 0 else {
      throw ConfinementError(grant.path, errno)
    }
    return FileIdentity(grant.path, status)
  }
}

/// Which file a name led to, and whether it could be read.
private struct FileIdentity: Hashable, Sendable {
  let device: dev_t
  let inode: ino_t
  /// False before and after for what its mode forbids; false only afterwards for what looks the same and is not.
  let isReadable: Bool

  init(_ path: String, _ status: stat) {
    device = status.st_dev
    inode = status.st_ino
    // Not a FIFO, whose writer would take us for the reader.
    guard status.st_mode & S_IFMT == S_IFDIR || status.st_mode & S_IFMT == S_IFREG else {
      isReadable = true
      return
    }
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    isReadable = number >= 0 || errno != EACCES
    if number >= 0 { close(number) }
  }

  /// Nil where nothing is there.
  init?(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.init(path, status)
  }
}

/// Why a process could not be confined; it goes on as it was.
package struct ConfinementError: Error, Hashable, Sendable {
  /// For a person.
  package let text: String

  init(_ text: String) { self.text = text }

  init(_ what: String, _ reason: Int32) { self.init("\(printable(what)): \(systemError(reason))") }
}
