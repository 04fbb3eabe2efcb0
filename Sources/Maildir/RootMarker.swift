import Mail
import Ports

/// The file by which a root is known again: an empty mount point must never look like an emptied Maildir (law L8).
@Loop
enum RootMarker {
  static let path = ".martlet/marker"
  private static let sizeMax = 256

  /// The marker's id. Where none is expected, a root without one gets one.
  static func find(expected: String?, in root: MaildirRoot) async throws(StoreError) -> String {
    let isThere: Bool
    let found: String?
    do {
      isThere = try root.fileSystem.status("")?.kind == .directory
      found = isThere ? try await read(root) : nil
    } catch {
      throw StoreError(.account, .needsPerson, "\(root.title): \(error.text)")
    }
    guard let expected else {
      do {
        guard let found else { return try await create(root) }
        // Who made it may have died before it was on the disk; once known it must never be missing.
        try await root.fileSystem.makeDurable(files: [path], directories: path.parentPath.withParents)
        return found
      } catch {
        throw StoreError(.account, error.kind.storeKind, "\(root.title): \(error.text)")
      }
    }
    guard found == expected else { throw refusal(isThere: isThere, hasMarker: found != nil, root.title) }
    return expected
  }

  private static func read(_ root: MaildirRoot) async throws(FileError) -> String? {
    let text = try await SmallFile.read(path, sizeMax: sizeMax, in: root.fileSystem)
    guard let line = text?.split(separator: "\n").first, !line.isEmpty else { return nil }
    return printable(line)
  }

  private static func create(_ root: MaildirRoot) async throws(FileError) -> String {
    let marker = root.nextName()
    try root.fileSystem.makeDirectory("")
    try root.fileSystem.makeDirectory(MaildirRoot.ownDirectory)
    try await SmallFile.write(marker + "\n", to: path, drafts: MaildirRoot.ownDirectory, by: root)
    try await root.fileSystem.makeDurable(files: [], directories: [""])
    return marker
  }

  private static func refusal(isThere: Bool, hasMarker: Bool, _ title: String) -> StoreError {
    let found =
      if !isThere {
        "the directory is not there"
      } else if hasMarker {
        "this is another Maildir than the one that was synced before: \(path) says so"
      } else {
        "this is not the Maildir that was synced before: \(path) is missing"
      }
    return StoreError(
      .account, .needsPerson,
      """
      \(title): \(found). Nothing is synced and nothing is deleted. Mount its file system again or correct `path`; to \
      start anew with what is there, remove the account's state directory, and both sides are matched without a loss
      """)
  }
}
