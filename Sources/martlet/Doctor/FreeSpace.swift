import Control
import Glibc
import Mail

/// Whether anything more can be written to a file system.
struct FreeSpace: Equatable {
  /// In the file system's units, for whoever asks: the superuser may have some that others have not.
  let blocks: UInt
  let files: UInt
  /// Nothing is said of it where it does not count its files, or its blocks.
  let countsFiles: Bool
  let countsBlocks: Bool

  init(blocks: UInt, of blockTotal: UInt, files: UInt, of fileTotal: UInt) {
    self.blocks = blocks
    self.files = files
    countsBlocks = blockTotal > 0
    countsFiles = fileTotal > 0
  }

  /// Nil where the system does not tell.
  init?(of path: String) {
    var status = statvfs()
    guard unsafe statvfs(path, &status) == 0 else { return nil }
    let isRoot = geteuid() == 0
    self.init(
      blocks: isRoot ? status.f_bfree : status.f_bavail, of: status.f_blocks,
      files: isRoot ? status.f_ffree : status.f_favail, of: status.f_files)
  }

  /// Nil where there is room; how much a message needs only that knows.
  func finding(_ subject: String) -> DoctorFinding? {
    let what: String
    if countsBlocks, blocks == 0 {
      what = "no space is left"
    } else if countsFiles, files == 0 {
      what = "no file more can be made"
    } else {
      return nil
    }
    return .problem(
      .space, subject, "\(what) on its file system: nothing can be written there",
      "make room: df -h \(subject); df -i \(subject)")
  }
}
