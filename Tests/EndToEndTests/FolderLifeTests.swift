import Control
import Foundation
import Mail
import Support
import Testing

/// Folders that are made, renamed and removed, by `martlet sync` afterwards and by `martlet run` as it happens.
@Suite("Folders live on both sides", .notAllAtOnce)
struct FolderLifeTests {
  private static let top = Names.folder("Top")
  private static let below = Names.folder("Top", "Below")
  private static let deep = Names.folder("Top", "Below", "Deep")
  private static let renamed = Names.folder("Renamed")
  private static let family = [top, below, deep]

  @Test(
    "a folder with others below it is renamed without a transfer and without a person (L1, L3)", arguments: Case.all)
  func rename(scene: Case) async throws {
    try await scene.play(Self.family) { both, stage in
      for folder in Self.family { try await both.append(2, to: folder) }
      try await stage.settle()
      let files = try await Self.files(both)
      switch scene.side {
      case .remote: try await both.client.rename(Self.top, to: Self.renamed)
      case .local: try both.renameInMaildir(Self.top, to: Self.renamed)
      }
      for folder in Self.family {
        let name = Names.folder(["Renamed"] + folder.components.dropFirst())
        await both.expect { $0.rename(folder, to: name) }
      }
      try await stage.settle()
      #expect(try await Self.files(both) == files)
    }
  }

  /// Whatever their names, the same files hold the messages: nothing was written anew.
  private static func files(_ both: BothSides) async throws -> Set<UInt64> {
    Set(
      try await both.installation.watch.tree().folders.values.joined().compactMap { entry in
        try FileManager.default.attributesOfItem(atPath: entry.path)[.systemFileNumber] as? UInt64
      })
  }

  @Test("folders that are empty go on the other side too, with those below them (L2)", arguments: Case.all)
  func removeEmpty(scene: Case) async throws {
    try await scene.play(Self.family) { both, stage in
      try await stage.settle()
      for folder in Self.family.reversed() { try await both.remove(folder, on: scene.side) }
      try await stage.settle()
    }
  }

  @Test("a folder that was not empty stays on the other side until a person allows it (L8, L9)", arguments: Case.all)
  func removeFilled(scene: Case) async throws {
    try await scene.play([Names.archive, Names.work]) { both, stage in
      try await both.append(2, to: Names.archive)
      try await stage.settle()
      let kept = await both.expected
      try await both.remove(Names.archive, on: scene.side)
      // All else goes on meanwhile.
      try await both.append(1, to: Names.work)
      try await both.deliver(1)
      var outcome = try await both.installation.sync()
      // With a folder a server closes the connections that have it open, and who asks a daemon in that moment hears of it.
      let isDaemons = scene.side == .remote && scene.how == .run
      for _ in 1...3 where isDaemons && outcome.exitCode == 69 { outcome = try await both.installation.sync() }
      #expect(outcome.exitCode == 1)
      let advice = "sync --allow-deletions \(Installation.account):\(Names.archive)"
      #expect(outcome.errors.contains(advice), "\(outcome.errors)")
      #expect(outcome.errors.contains("2 messages"), "\(outcome.errors)")
      #expect(try await both.messages(in: Names.archive, on: scene.side.other) == kept.messages(in: Names.archive))
      try await both.installation.syncCleanly("--allow-deletions", "\(Installation.account):\(Names.archive)")
      try await stage.settle()
    }
  }

  @Test(
    "a folder made again under the same name is another, and its old mail is not deleted for it (L8)",
    arguments: Case.all)
  func remake(scene: Case) async throws {
    try await scene.play([Names.archive]) { both, stage in
      try await both.append(3, to: Names.archive)
      try await stage.settle()
      stage.pause()
      let before = await both.expected.messages(in: Names.archive)
      try await both.remove(Names.archive, on: scene.side)
      switch scene.side {
      case .remote:
        try await both.createOnServer(Names.archive)
        // Under another UIDVALIDITY nothing in it tells of a deletion.
        await both.expect { $0.put(before, into: Names.archive) }
        try await both.append(2, to: Names.archive)
      case .local:
        // The files are gone, and seen to be gone: three are few enough for the brake.
        try await both.makeInMaildir(Names.archive)
        try await both.deliver(2, to: Names.archive)
      }
      stage.resume()
      try await stage.settleAnew()
    }
  }

  @Test("a folder stays in sync whether it is subscribed or not")
  func unsubscribed() async throws {
    try await Case(side: .remote, how: .run, layout: .nested).play([Names.archive]) { both, stage in
      #expect(try await both.client.command("SUBSCRIBE Archive").isOK)
      try await both.append(1, to: Names.archive)
      try await stage.settle()
      #expect(try await both.client.command("UNSUBSCRIBE Archive").isOK)
      try await both.append(1, to: Names.archive)
      try await both.deliver(1, to: Names.archive)
      try await stage.settle()
    }
  }

  @Test("a parent that holds no messages is none here, until it is made on either side", arguments: Case.all)
  func parents(scene: Case) async throws {
    // `Top` and `Top/Below` are there for `Deep` only: the server says \Noselect.
    try await scene.play([Self.deep]) { both, stage in
      try await both.append(1, to: Self.deep)
      try await stage.settle()
      switch scene.side {
      case .remote: try await both.createOnServer(Self.below)
      case .local: try await both.makeInMaildir(Self.below)
      }
      try await both.append(1, to: Self.deep)
      try await both.deliver(1, to: Self.deep)
      try await stage.settleByAsking()
    }
  }

  /// A server may take with it what is below a folder, and a Maildir does not: so on the server it stays. Not played with
  /// a daemon that has listed it on the server before: a session of Dovecot 2.3 may list such a folder for as long as it
  /// lives, while others know that it is gone (decision 6).
  @Test(
    "a folder that goes from above others leaves them be, or comes back (L1, L2)",
    arguments: Case.all.filter { $0.side == .local || $0.how != .run })
  func removeAbove(scene: Case) async throws {
    try await scene.play(Self.family) { both, stage in
      try await both.append(2, to: Self.deep)
      try await stage.settle()
      try await both.remove(Self.below, on: scene.side)
      if scene.side == .local { await both.expect { $0.add(Self.below) } }
      try await both.append(1, to: Self.deep)
      try await stage.settleByAsking()
    }
  }
}
