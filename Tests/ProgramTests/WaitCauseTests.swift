import Control
import Foundation
import Ports
import Support
import Testing

@testable import martlet

@Suite("Why an account waits")
struct WaitCauseTests {
  @Test("is said in words that the manual lists")
  func manual() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let manual = try String(contentsOf: root.appending(path: "docs/man/martlet.1"), encoding: .utf8)
    let kinds: [StoreError.Kind] = [
      .unavailable, .refusedLogin, .untrusted, .noPassword, .needsPerson, .held, .gone, .refused, .noSpace,
      .internalFault, .cancelled,
    ]
    for cause in Set(kinds.map(\.cause)) { #expect(manual.contains(".It Dq \(cause)\n"), "\(cause)") }
  }

  @Test(
    "is the same in the status, its JSON and the log",
    arguments: [
      (Home.unreachableAccount("a"), "not reached"),
      (
        Home.unreachableAccount("a").replacing("password = \"pw\"", with: "password_command = \"false\""), "no password"
      ),
    ])
  func everywhere(configuration: String, cause: String) async throws {
    let home = try Home()
    // The password is asked for where somebody answers.
    let server = try await DovecotServer.shared()
    let port = cause == "not reached" ? 1 : server.plainPort
    try home.configure(configuration.replacing("port = 1\n", with: "port = \(port)\n"))
    // A try at once, as the first one after a lost connection is, comes before the wait.
    let daemon = try home.start("run", "-v")
    _ = try await daemon.line(of: .errors) { $0.contains("a: waiting (\(cause)); the next try is in") }
    // It may be trying again just now.
    let watch = try home.start("status", "--watch", "--json")
    let line = try await watch.line { $0.contains(#""state":"waiting""#) }
    let status = try ControlWire.value(StatusReport.self, from: Array(line.utf8))
    let account = try #require(status.accounts.first)
    #expect(account.cause == cause)
    #expect(account.retryAt != nil)
    #expect(account.lastError != nil)
    #expect(StatusText.of(status).contains("\na: waiting (\(cause)), next try "))
    await daemon.stop()
  }

  @Test("is another martlet where that holds the account beside one that can be had")
  func held() async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("a") + Home.unreachableAccount("b", path: "~/Other"))
    let first = try home.start("run", "a")
    _ = try await first.line(of: .errors) { $0.contains("the next try is") }
    let socket = try NotifySocket(in: home.folder)
    let second = try home.start("run", environment: ["NOTIFY_SOCKET": socket.name])
    let told = try await socket.message(with: "STATUS=2 accounts: b ")
    #expect(told.first?.hasSuffix(", a waiting (held by another)") == true, "\(told)")
    await second.stop()
    await first.stop()
  }
}
