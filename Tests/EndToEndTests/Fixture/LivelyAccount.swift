import Control
import Foundation
import Mail
import Support

/// An account with mail, and what happens to it on both sides while martlet may or may not be running.
struct LivelyAccount: Sendable {
  enum Scene: CaseIterable { case firstSync, changes, moves, folders }

  let scene: Scene
  let both: BothSides
  /// Each is one act of a person or another program.
  let steps: [@Sendable () async throws -> Void]

  private static let theirs = Names.folder("Theirs")
  private static let theirsNow = Names.folder("Theirs now")
  private static let ours = Names.folder("Ours")
  private static let oursNow = Names.folder("Ours now")
  private static let emptyThere = Names.folder("Empty there")
  private static let emptyHere = Names.folder("Empty here")

  /// In sync, unless the scene is the first sync.
  init(_ server: DovecotServer, user: String, _ scene: Scene) async throws {
    let installation = try Installation(.plain(server, user: user))
    let both = BothSides(installation, try await server.client(user))
    for folder in [Names.work, Self.theirs, Self.ours, Self.emptyThere, Self.emptyHere] {
      try await both.createOnServer(folder)
    }
    let mails = try await both.append(24)
    for folder in [Names.work, Self.theirs, Self.ours] { try await both.append(4, to: folder) }
    self.scene = scene
    self.both = both
    switch scene {
    case .firstSync:
      steps = [
        { try await both.makeInMaildir(.inbox) }, { try await both.deliver(12) },
        { try await both.makeInMaildir(Names.here) }, { try await both.deliver(6, to: Names.here) },
      ]
    case .changes: steps = Self.changes(both, mails)
    case .moves: steps = Self.moves(both, mails)
    case .folders: steps = Self.folders(both)
    }
    if scene != .firstSync { try await installation.syncCleanly() }
  }

  func launch(_ command: String) throws -> ChildProcess {
    try ChildProcess(both.installation.command([command]), environment: both.installation.environment)
  }

  private static func changes(_ both: BothSides, _ mails: [SampleMail]) -> [@Sendable () async throws -> Void] {
    let keyword = Names.keyword
    return [
      { try await both.append(8) }, { try await both.deliver(8) },
      { try await both.add(FlagSet(.flagged), to: mails[0..<4]) },
      { try await both.setInMaildir([.seen, .answered], mails[4..<8]) },
      { try await both.expunge(mails[8]) }, { try await both.unlink(mails[9]) },
      { try await both.storeOnServer(.add, FlagSet(keywords: [keyword]), mails[10]) },
      { try await both.addInMaildir(keyword, mails[11]) },
      { try await both.append(4, to: Names.work) }, { try await both.deliver(4, to: Names.work) },
      { try await both.expunge(mails[12]) }, { try await both.unlink(mails[13]) },
    ]
  }

  private static func moves(_ both: BothSides, _ mails: [SampleMail]) -> [@Sendable () async throws -> Void] {
    mails.prefix(16).enumerated().map { index, mail in
      let target = [Names.work, theirs, ours][index % 3]
      let isRemote = index % 2 == 0
      return {
        if isRemote {
          try await both.moveOnServer(mail, to: target)
        } else {
          try await both.moveInMaildir(mail, to: target)
        }
      }
    }
  }

  private static func folders(_ both: BothSides) -> [@Sendable () async throws -> Void] {
    let (there, here) = (Names.made("there"), Names.made("here"))
    return [
      { try await both.createOnServer(there) }, { try await both.append(3, to: there) },
      { try await both.makeInMaildir(here) }, { try await both.deliver(3, to: here) },
      { try await both.remove(emptyThere, on: .remote) }, { try await both.remove(emptyHere, on: .local) },
      {
        try await both.client.rename(theirs, to: theirsNow)
        await both.expect { $0.rename(theirs, to: theirsNow) }
      },
      {
        try both.renameInMaildir(ours, to: oursNow)
        await both.expect { $0.rename(ours, to: oursNow) }
      },
    ]
  }

  // MARK: Laws

  /// One more pass brings both sides to what is expected, with nothing lost, doubled, torn or left over; the next one
  /// finds nothing to do. Seen by `eyes`, where the session that changed folders is lost in Dovecot 2.3.
  func requireLaws(eyes: MailClient? = nil) async throws {
    try await both.installation.syncCleanly()
    let both = if let eyes { await BothSides(both, eyes) } else { both }
    var faults = try await both.differences()
    faults += try leftovers().map { "left over: \($0)" }
    let report = try await both.installation.syncCleanly()
    if !report.isEmpty { faults.append("a further pass was not empty: \(report)") }
    guard faults.isEmpty else { throw SupportError(faults.joined(separator: "\n")) }
  }

  /// Files in any `tmp`, and martlet's own but for the marker and what it keeps in limbo.
  private func leftovers() throws -> [String] {
    guard let paths = FileManager.default.enumerator(atPath: both.installation.maildir) else { return [] }
    var result: [String] = []
    for case let path as String in paths where paths.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
      let parts = path.split(separator: "/")
      let isOwn =
        parts.first == ".martlet" && ![".martlet/marker", ".martlet/age"].contains(path)
        && parts.dropFirst().first != "limbo"
      if isOwn || parts.dropLast().last == "tmp" { result.append(path) }
    }
    return result
  }
}
