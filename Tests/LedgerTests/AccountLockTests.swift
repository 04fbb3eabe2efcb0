import Foundation
import LedgerSQLite
import Ports
import Support
import Testing

@Suite("One martlet at a time on an account (L3)")
struct AccountLockTests {
  /// The suite holds it, so that it is there until the test has ended.
  private let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory("ledger") }

  @Test("the second one learns who holds it, and gets it when the first lets go")
  func secondOneIsTold() throws {
    let directory = scratch.path + "/account"
    var first: AccountLock? = try AccountLock(directory: directory)
    let error = #expect(throws: AccountLockError.self) { try AccountLock(directory: directory) }
    let own = ProcessInfo.processInfo.processIdentifier
    #expect(error == .held(directory: directory, processID: own))
    #expect(error?.text.contains("process \(own)") == true)
    #expect(try scratch.mode(directory + "/" + AccountLock.fileName) == 0o600)
    withExtendedLifetime(first) {}
    first = nil
    _ = try AccountLock(directory: directory)
  }

  @Test("a lock file left by a process that is no more holds nothing")
  func leftOverFile() throws {
    try Data("4194304\n".utf8).write(to: URL(filePath: scratch.path + "/" + AccountLock.fileName))
    let lock = try AccountLock(directory: scratch.path)
    #expect(
      throws: AccountLockError.held(
        directory: scratch.path, processID: ProcessInfo.processInfo.processIdentifier)
    ) { try AccountLock(directory: scratch.path) }
    withExtendedLifetime(lock) {}
  }

  @Test("a daemon's account is known as one's, also while the lock passes from one process of its to the next")
  func daemons() throws {
    #expect(AccountLock.daemonSocket(directory: scratch.path) == nil)
    var lock: AccountLock? = try AccountLock(directory: scratch.path)
    #expect(AccountLock.daemonSocket(directory: scratch.path) == nil)
    lock = nil
    lock = try AccountLock(directory: scratch.path, controlSocket: "/run/a b\nc")
    #expect(AccountLock.daemonSocket(directory: scratch.path) == "/run/a b\nc")
    #expect(AccountLock.holder(directory: scratch.path) == ProcessInfo.processInfo.processIdentifier)
    withExtendedLifetime(lock) {}
    lock = nil
    #expect(AccountLock.daemonSocket(directory: scratch.path) == "/run/a b\nc")
    // One that is no more, and one whose number is another program's by now.
    for process in [4_194_304, 1] {
      try Data("\(process)\n\(process)\ndaemon\n/run/a\n".utf8).write(
        to: URL(filePath: scratch.path + "/" + AccountLock.fileName))
      #expect(AccountLock.daemonSocket(directory: scratch.path) == nil)
    }
  }

  @Test("a daemon of a release that told no socket is one all the same; a path that was cut off is none")
  func untoldSocket() throws {
    let own = ProcessInfo.processInfo.processIdentifier
    let begin = "\(own)\n\(own)\ndaemon\n"
    let file = URL(filePath: scratch.path + "/" + AccountLock.fileName)
    try Data(begin.utf8).write(to: file)
    #expect(AccountLock.daemonSocket(directory: scratch.path)?.isEmpty == true)
    let path = "/" + String(repeating: "p", count: 256 - begin.utf8.count - 2)
    for (longer, expected) in [(-1, String(path.dropLast())), (0, path), (1, "")] {
      try Data((begin + "/" + String(repeating: "p", count: path.utf8.count - 1 + longer) + "\n").utf8).write(to: file)
      #expect(AccountLock.daemonSocket(directory: scratch.path) == expected)
    }
  }

  @Test("a place that cannot be locked is not taken for a held lock")
  func unusablePlace() throws {
    try Data().write(to: URL(filePath: scratch.path + "/file"))
    let error = #expect(throws: AccountLockError.self) { try AccountLock(directory: scratch.path + "/file/account") }
    guard case .unusable(let refusal) = error else {
      Issue.record("\(String(describing: error)) is not .unusable")
      return
    }
    #expect(refusal.kind == .needsPerson && refusal.text.contains(scratch.path + "/file"))
  }

  @Test("two accounts are locked apart")
  func twoAccounts() throws {
    let one = try AccountLock(directory: scratch.path + "/one")
    let two = try AccountLock(directory: scratch.path + "/two")
    withExtendedLifetime((one, two)) {}
  }
}
