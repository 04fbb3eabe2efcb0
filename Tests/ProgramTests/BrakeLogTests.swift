import Foundation
import Mail
import Support
import Testing

@Suite("What the daemon logs of the brake (L9)")
struct BrakeLogTests {
  @Test("is that it holds, and once that it does no more: the messages are back, or a person allows it")
  func held() async throws {
    let (home, client) = try await Home.prepared("brakelog")
    try await client.append(contentsOf: (0..<30).map { .init(letter("\($0)")) })
    let daemon = try await home.startDaemon()
    let new = home.maildir + "/INBOX/new"
    let away = try home.folder.makeFolder("away", mode: 0o700)
    let names = try FileManager.default.contentsOfDirectory(atPath: new)
    #expect(names.count == 30)
    /// At once to the daemon, which would rightly take the first few of thirty for a person's.
    func move(from: String, to: String) throws {
      daemon.pause()
      defer { daemon.resume() }
      for name in names { try FileManager.default.moveItem(atPath: "\(from)/\(name)", toPath: "\(to)/\(name)") }
    }
    for _ in 1...2 {
      try move(from: new, to: away)
      _ = try await daemon.line(of: .errors) {
        $0.hasPrefix("error: work: INBOX: 30 of 30 messages would be deleted (remote); nothing was deleted.")
      }
      try move(from: away, to: new)
      _ = try await daemon.line(of: .errors) {
        $0 == "work: INBOX: deletions (remote) are no longer held: what is missing is no longer too much"
      }
    }
    try move(from: new, to: away)
    _ = try await daemon.line(of: .errors) { $0.hasPrefix("error: work: INBOX: 30 of 30 messages would be deleted") }
    #expect(try await home.run("sync", "--allow-deletions").ending == .exited(0))
    _ = try await daemon.line(of: .errors) {
      $0 == "work: INBOX: deletions (remote) are no longer held: they are allowed"
    }
    #expect(try await client.status().messages == 0)
    await daemon.stop()
    #expect(daemon.standardErrors.components(separatedBy: "no longer held").count == 4, "\(daemon.standardErrors)")
  }

  @Test("is also of a folder that is gone on the other side", arguments: [true, false])
  func folder(comesBack: Bool) async throws {
    let (home, client) = try await Home.prepared("brakefolder\(comesBack)")
    let archive = try #require(FolderName("Archive"))
    try await client.create(archive)
    try await client.append(letter("one"), to: archive)
    let daemon = try await home.startDaemon()
    try FileManager.default.moveItem(atPath: home.maildir + "/Archive", toPath: home.folder.appending("Archive"))
    _ = try await daemon.line(of: .errors) {
      $0.hasPrefix("error: work: Archive: the folder is gone on the other side; this side (remote) has 1 message")
    }
    if comesBack {
      try FileManager.default.moveItem(atPath: home.folder.appending("Archive"), toPath: home.maildir + "/Archive")
    } else {
      #expect(try await home.run("sync", "--allow-deletions").ending == .exited(0))
    }
    let why = comesBack ? "it is on both sides again" : "it is gone"
    _ = try await daemon.line(of: .errors) { $0 == "work: Archive: the folder (remote) is no longer held: \(why)" }
    await daemon.stop()
  }
}
