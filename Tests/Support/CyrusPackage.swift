import Foundation

/// Debian's Cyrus, unpacked and not installed: its packages exclude Dovecot's.
struct CyrusPackage: Sendable {
  /// What would be `/`.
  let root: String

  /// Names the cache folder; otherwise it is `.build/cyrus` in the checkout.
  static let folderVariable = "MARTLET_CYRUS"

  /// The package, downloaded where it is not there yet, and readable by `owner`.
  static func ready(for owner: MailOwner) async throws -> CyrusPackage {
    let package = try await unpacked.value
    let check = owner.commandPrefix + ["test", "-x", package.program("master")]
    return try await ChildProcess.run(check).succeeded ? package : try await reachable.value
  }

  func program(_ name: String) -> String { root + "/usr/lib/cyrus/bin/" + name }

  /// Where the libraries are that the system lacks.
  var libraryPath: String {
    get throws {
      try ["/usr/lib", "/lib"].flatMap { folder -> [String] in
        guard FileManager.default.fileExists(atPath: root + folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: root + folder)
          .filter { $0.hasSuffix("-linux-gnu") }.map { root + folder + "/" + $0 }
      }.joined(separator: ":")
    }
  }

  private static let unpacked = Task {
    let checkout = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    let folder = ProcessInfo.processInfo.environment[folderVariable] ?? checkout + "/.build/cyrus"
    try await ChildProcess.output(of: [checkout + "/config/unpack-cyrus", folder], within: .seconds(300))
    return CyrusPackage(root: folder + "/root")
  }

  private static let copyFolder = Result { try TemporaryDirectory("cyrus-package") }

  /// A copy that other users can reach, for a checkout below a folder that they can not, such as root's home.
  private static let reachable = Task {
    let copy = try copyFolder.get().appending("root")
    try await ChildProcess.output(of: ["cp", "-a", try await unpacked.value.root, copy])
    return CyrusPackage(root: copy)
  }
}
