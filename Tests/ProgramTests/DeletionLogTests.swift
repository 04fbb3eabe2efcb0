import Engine
import Foundation
import Mail
import Ports
import Reconciliation
import Simulation
import Support
import Testing

@testable import martlet

@Suite("The record of deletions")
struct DeletionLogTests {
  private let scratch: TemporaryDirectory
  private var path: String { scratch.appending(DeletionLog.fileName) }

  init() throws { scratch = try TemporaryDirectory("deletions") }

  private static func notice(_ count: Int, folder: FolderName = .inbox) throws -> DeletionNotice {
    let uid = try #require(UID(rawValue: 7))
    let pair = Pair(
      id: PairID(rawValue: 1), near: Sighting(key: .file("name"), flags: .none),
      far: Sighting(key: .uid(uid), flags: .none))
    let record = PairRecord(
      folder: FolderID(rawValue: 1), pair: pair, identity: .simulated("a\u{1B}[31m\nb"),
      date: InternalDate(secondsSince1970: 0))
    return DeletionNotice(
      folder: folder, side: .far, records: Array(repeating: record, count: count), evidence: .seenGone,
      way: .trash, isAllowedByPerson: false)
  }

  @Test("is a line of JSON for each message, for its owner's eyes only, and what it tells is data (L12)")
  func lines() throws {
    let folder = try #require(FolderName("Lists/\u{202E}swift"))
    #expect(DeletionLog(directory: scratch.path).write(try Self.notice(2, folder: folder)) == nil)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 2)
    let line = try #require(JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
    #expect(line["folder"] as? String == printable("\(folder)"))
    #expect(line["side"] as? String == "remote")
    #expect(line["message"] as? String == "UID 7")
    #expect(line["date"] as? String == "1970-01-01T00:00:00Z")
    #expect(line["evidence"] as? String == "seen gone")
    #expect(line["way"] as? String == "trash")
    #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"))
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test("begins a new file before one is too large, and keeps so many")
  func rotation() throws {
    let log = DeletionLog(directory: scratch.path)
    let notice = try Self.notice(1_000)
    for _ in 1...30 { #expect(log.write(notice) == nil) }
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted()
    #expect(names == ["deletions.log"] + (1...DeletionLog.oldFilesMax).map { "deletions.log.\($0)" })
    for name in names {
      let size = try FileManager.default.attributesOfItem(atPath: scratch.appending(name))[.size] as? Int
      #expect(try #require(size) <= DeletionLog.sizeMax)
    }
  }

  @Test("says why it cannot be written, and stops nobody")
  func unwritable() throws {
    let failure = DeletionLog(directory: scratch.appending("nowhere")).write(try Self.notice(1))
    #expect(failure?.contains("deletions.log could not be written") == true)
  }

  @Test("waits for nobody where something else has its name (L11)", arguments: [false, true])
  func pipe(hasReader: Bool) throws {
    try #require(unsafe mkfifo(path, 0o600) == 0)
    let reader = hasReader ? unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1
    defer { if reader >= 0 { close(reader) } }
    let failure = DeletionLog(directory: scratch.path).write(try Self.notice(1))
    #expect(failure?.hasSuffix("deletions.log could not be written: it is not a file") == true)
  }
}
