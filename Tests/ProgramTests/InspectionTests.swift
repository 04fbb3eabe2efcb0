import Control
import Foundation
import Mail
import Support
import Testing

@Suite("Looking without touching")
struct InspectionTests {
  @Test("check tells the server, its capabilities, the watch and the folders, and makes nothing")
  func check() async throws {
    let (home, _) = try await prepared("check")
    let result = try await home.run("check")
    #expect(result.ending == .exited(0), "\(result.errors)")
    #expect(result.output.contains("\(home.configurationFile): fine"))
    #expect(result.output.contains(", TLS, logged in as check\n"))
    #expect(result.output.contains("watched by NOTIFY"))
    #expect(result.output.contains("CONDSTORE"))
    #expect(result.output.contains("local: ~/Mail, not there yet, made at the first sync"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: home.path).sorted() == [".config", "run"])
  }

  @Test("check tells once why an account is not in order")
  func checkOfNothing() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let result = try await home.run("check")
    #expect(result.ending == .exited(69))
    #expect(result.output.hasSuffix("away:\n  not in order\n"), "\(result.output)")
    #expect(result.errors == "error: away: 127.0.0.1: port 1: Connection refused\n")
  }

  @Test("folders lists both sides, the names they map to, and why one is left out")
  func folders() async throws {
    let (home, client) = try await prepared("folders")
    for name in ["Spam", "Sent Items", "Lists/swift"] { try await client.create(try #require(FolderName(name))) }
    try MaildirFolder(path: home.maildir + "/Drafts").make()
    let result = try await home.run("folders", "work")
    #expect(result.ending == .exited(0), "\(result.errors)")
    let rows = result.output.split(separator: "\n").map { line in
      line.components(separatedBy: "  ").filter { !$0.isEmpty }.map { $0.trimmingCharacters(in: .whitespaces) }
    }
    #expect(
      rows == [
        ["REMOTE", "LOCAL", "STATE"], ["INBOX", "INBOX", "synced, not yet on the local side"],
        ["Lists/swift", "Lists/swift", "synced, not yet on the local side"],
        ["Sent Items", "Sent", "synced, not yet on the local side"], ["Spam", "-", "left out: excluded by \"Spam\""],
        ["Drafts", "Drafts", "synced, not yet on the remote side"],
      ])
    #expect(!FileManager.default.fileExists(atPath: home.maildir + "/.martlet"))
  }

  @Test("a sync says of folders that take no part why that is")
  func leftOut() async throws {
    let (home, client) = try await prepared("leftout")
    for name in ["Spam", "Sent Items"] { try await client.create(try #require(FolderName(name))) }
    let excluded = try await home.run("sync", "work:Spam")
    #expect(excluded.ending == .exited(64))
    #expect(excluded.errors == "error: work: Spam: this folder is left out: excluded by \"Spam\"\n")
    let renamed = try await home.run("sync", "work:Sent")
    #expect(renamed.ending == .exited(64))
    #expect(renamed.errors.contains("what is called so here is Sent Items there"), "\(renamed.errors)")
  }

  @Test("status without a daemon says so, and tells what the ledger knows")
  func status() async throws {
    let (home, client) = try await prepared("status")
    try await client.append(contentsOf: [.init(letter("1")), .init(letter("2"))])
    let before = try await home.run("status")
    #expect(before.output.hasPrefix("no daemon is running"))
    #expect(before.output.contains("work: never synced"))
    #expect(!FileManager.default.fileExists(atPath: home.stateDirectory))
    #expect(try await home.run("sync").ending == .exited(0))
    let status = try await home.status()
    #expect(status.daemon == nil)
    let account = try #require(status.accounts.first)
    #expect(account.state == .offline)
    #expect(account.local == "~/Mail")
    #expect(account.folders.map(\.name) == ["INBOX"])
    #expect(account.folders.first?.messages == 2)
    #expect(account.folders.first?.lastSync != nil)
    #expect(account.lastSync == account.folders.first?.lastSync)
    #expect(try await home.run("status").output.contains("work: offline, last sync "))
  }

  @Test("status without a daemon tells what the brake holds, and what to type (L9)")
  func statusHeld() async throws {
    let (home, client) = try await prepared("statusheld")
    try await client.append(contentsOf: (0..<25).map { .init(letter("\($0)")) })
    #expect(try await home.run("sync").ending == .exited(0))
    let new = home.maildir + "/INBOX/new"
    try FileManager.default.moveItem(atPath: new, toPath: home.folder.appending("new"))
    try FileManager.default.createDirectory(atPath: new, withIntermediateDirectories: false)
    #expect(try await home.run("sync").ending == .exited(1))
    let status = try await home.run("status")
    #expect(status.output.contains("INBOX: 25 of 25 messages would be deleted (remote); "), "\(status.output)")
    #expect(status.output.contains("martlet sync --allow-deletions work:INBOX"), "\(status.output)")
    #expect(try await home.status().accounts.first?.folders.first?.held.map(\.deletions) == [25])
    // The messages are back.
    try FileManager.default.removeItem(atPath: new)
    try FileManager.default.moveItem(atPath: home.folder.appending("new"), toPath: new)
    #expect(try await home.run("sync").ending == .exited(0))
    #expect(try await home.status().accounts.first?.folders.first?.held.isEmpty == true)
  }

  @Test("status tells a state that cannot be looked at, and calls it not never synced")
  func unreadableState() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    _ = try home.folder.makeFolder(".local/state/martlet", mode: 0o700)
    try FileManager.default.createSymbolicLink(
      atPath: home.stateDirectory + "/away", withDestinationPath: home.stateDirectory + "/away")
    let status = try await home.run("status")
    #expect(status.ending == .exited(0))
    #expect(status.output.contains("away: offline"), "\(status.output)")
    #expect(status.output.contains("error: \(home.stateDirectory)/away: Too many levels of symbolic links"))
  }

  @Test("status makes no ledger of a file that its owner has made just now")
  func newLedger() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    _ = try home.folder.makeFolder(".local/state/martlet/away", mode: 0o700)
    let ledger = try home.folder.write("", to: ".local/state/martlet/away/ledger.sqlite", mode: 0o600)
    let status = try await home.run("status")
    #expect(status.output.contains("away: never synced"), "\(status.output)")
    #expect(!status.output.contains("error"), "\(status.output)")
    #expect(try Data(contentsOf: URL(filePath: ledger)).isEmpty)
  }

  @Test("status says which process has an account where none can be asked")
  func heldAccount() async throws {
    let home = try Home()
    // Called while it has the account.
    try home.configure(
      """
      [accounts.away.remote]
      tunnel = "\(Home.program) status > ~/status"
      [accounts.away.local]
      path = "~/Mail"
      """)
    let sync = try home.start("sync")
    _ = try await sync.wait()
    let status = try String(contentsOfFile: home.folder.appending("status"), encoding: .utf8)
    #expect(status.hasPrefix("no daemon can be asked;"), "\(status)")
    #expect(status.contains("held by process \(sync.identifier), "), "\(status)")
  }

  @Test("status --watch needs a daemon")
  func watchWithoutDaemon() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away"))
    let result = try await home.run("status", "--watch")
    #expect(result.ending == .exited(69))
    #expect(result.errors.contains("no daemon answers"))
  }

  private func prepared(_ user: String) async throws -> (Home, MailClient) {
    let server = try await DovecotServer.shared()
    let home = try Home()
    let rules = """
      [accounts.work.folders]
      exclude = ["Spam"]
      rename = { "Sent Items" = "Sent" }
      """
    try home.configure(Home.account("work", on: server, user: user, extra: rules))
    return (home, try await server.client(user))
  }
}
