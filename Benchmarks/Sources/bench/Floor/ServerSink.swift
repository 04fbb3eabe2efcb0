import Mail
import Support

/// Another server, told by the plainest commands; for the floor of IMAP to IMAP.
final class ServerSink: FloorSink {
  private let wires: [FolderName: Wire]
  /// Per folder, the UID there of each UID here.
  private var uids: [FolderName: [UInt32: String]] = [:]

  init(_ server: any MailServer, user: String, folders: [FolderName]) throws {
    let pairs = try folders.map { ($0, try Wire.loggedIn(to: server, as: user, then: ["SELECT \"\($0)\""])) }
    wires = Dictionary(uniqueKeysWithValues: pairs)
  }

  func add(_ message: [UInt8], _ fetch: FetchLine, uid: UInt32, in folder: FolderName) throws {
    let wire = try wire(of: folder)
    // \Recent is the server's own.
    let flags = (fetch.flags ?? []).filter { $0 != "\\Recent" }.joined(separator: " ")
    let tag = try wire.sendAppend(message, to: folder, flags: flags)
    while true {
      let text = try wire.response().text
      guard text.hasPrefix(tag) else { continue }
      // OK [APPENDUID validity uid] …
      guard let code = text.firstRange(of: "[APPENDUID "), text.contains(" OK "),
        let uidThere = text[code.upperBound...].prefix(while: { $0 != "]" }).split(separator: " ").last
      else { throw BenchError("the server said to APPEND: \(printable(text))") }
      uids[folder, default: [:]][uid] = String(uidThere)
      return
    }
  }

  func setFlags(_ fetch: FetchLine, of uid: UInt32, in folder: FolderName) throws {
    guard let there = uids[folder]?[uid] else { return }
    let flags = (fetch.flags ?? []).filter { $0 != "\\Recent" }.joined(separator: " ")
    try wire(of: folder).run("UID STORE \(there) FLAGS.SILENT (\(flags))")
  }

  func remove(_ uid: UInt32, in folder: FolderName) throws {
    guard let there = uids[folder]?.removeValue(forKey: uid) else { return }
    try wire(of: folder).run("UID STORE \(there) +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE \(there)")
  }

  private func wire(of folder: FolderName) throws -> Wire {
    guard let wire = wires[folder] else { throw BenchError("the floor does not know \(folder)") }
    return wire
  }
}
