import Engine
import Foundation
import Glibc
import Mail
import Ports
import Reconciliation

/// `deletions.log` in an account's state directory: each message that martlet deletes, a line of JSON before it does, so
/// that a deletion can be explained when nobody remembers it (law L1).
///
/// A full file is renamed to `deletions.log.1`, that one to `.2`, and so on; the oldest goes. The log is no evidence for
/// the sync itself and needs no barrier: what a power cut takes from it, it takes from the last seconds.
struct DeletionLog {
  static let fileName = "deletions.log"
  /// Some 3,000 lines.
  static let sizeMax = 1 << 20
  /// Besides the one that is written.
  static let oldFilesMax = 4

  private struct Line: Encodable {
    let time: String
    let folder: String
    let side: String
    let message: String
    let messageID: String?
    let size: Int
    let date: String?
    let digest: String
    let evidence: String
    let way: String
    /// True where a person lifted the brake.
    let allowed: Bool
  }

  private let path: String

  init(directory: String) { path = directory + "/" + Self.fileName }

  /// Answers why it could not be written, for a person; the deletion does not wait for that.
  func write(_ notice: DeletionNotice) -> String? {
    do {
      var text = Data()
      for line in Self.lines(of: notice) { text += try Self.encoder.encode(line) + [0x0A] }
      let file = try file(withRoomFor: text.count)
      defer { close(file) }
      guard unsafe text.withUnsafeBytes({ unsafe Glibc.write(file, $0.baseAddress, $0.count) }) == text.count else {
        throw Self.failure()
      }
      return nil
    } catch {
      return "\(printable(path)) could not be written: \(printable(error.localizedDescription))"
    }
  }

  private static func lines(of notice: DeletionNotice) -> [Line] {
    let now = Timestamp.now
    return notice.records.map { record in
      Line(
        time: now, folder: printable("\(notice.folder)"), side: "\(notice.side)",
        message: "\(record.pair[notice.side].key)",
        messageID: record.identity.messageID.map { printable($0, limit: 512) }, size: record.identity.wireSize,
        date: record.date.map { Timestamp.text($0.secondsSince1970) }, digest: "\(record.identity.digest)",
        evidence: notice.evidence.rawValue, way: notice.way.rawValue, allowed: notice.isAllowedByPerson)
    }
  }

  private static let encoder: JSONEncoder = {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }()

  /// Open for appending; a few system calls, for a push waits for them.
  private func file(withRoomFor count: Int) throws -> CInt {
    let file = try openFile()
    var status = stat()
    guard unsafe fstat(file, &status) == 0, status.st_size > 0, Int(status.st_size) + count > Self.sizeMax else {
      return file
    }
    close(file)
    try rotate()
    return try openFile()
  }

  private func openFile() throws -> CInt {
    // A named pipe, which would be waited for without end, is none: neither without a reader nor with one.
    let file = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard file >= 0 else { throw errno == ENXIO ? NotAFile() : Self.failure() }
    var status = stat()
    guard unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(file)
      throw NotAFile()
    }
    return file
  }

  private struct NotAFile: LocalizedError {
    var errorDescription: String? { "it is not a file" }
  }

  private func rotate() throws {
    for number in (1...Self.oldFilesMax).reversed() {
      let source = number == 1 ? path : "\(path).\(number - 1)"
      guard unsafe rename(source, "\(path).\(number)") == 0 || errno == ENOENT else { throw Self.failure() }
    }
  }

  private static func failure() -> POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}
