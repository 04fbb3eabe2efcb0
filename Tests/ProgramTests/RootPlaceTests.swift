import Control
import Foundation
import Support
import Testing

@testable import martlet

@Suite("A Maildir that is not there yet")
struct RootPlaceTests {
  @Test(
    "is found to be impossible below what is no directory, and where nothing can be made",
    arguments: [
      ("new", nil), ("new/deeper", nil), ("", nil), ("linked", nil), ("file", "file is no directory"),
      ("file/below", "file is no directory"), ("nowhere/below", "nowhere is a symbolic link to nothing"),
      ("nowhere", "nowhere is a symbolic link to nothing"),
      ("shut/new", geteuid() == 0 ? nil : "nothing can be made in SCRATCH/shut: Permission denied"),
    ])
  func places(path: String, expected: String?) throws {
    let scratch = try TemporaryDirectory("root-place")
    _ = try scratch.write("x", to: "file", mode: 0o600)
    _ = try scratch.makeFolder("shut", mode: 0o555)
    for (link, target) in [("nowhere", "none"), ("linked", "shut")] {
      try FileManager.default.createSymbolicLink(atPath: scratch.appending(link), withDestinationPath: target)
    }
    let found = RootPlace.refusal(at: path.isEmpty ? scratch.path : scratch.appending(path))
    let told = found?.replacing(scratch.path, with: "SCRATCH")
    #expect(told == expected.map { $0.hasPrefix("nothing") ? $0 : "SCRATCH/" + $0 })
  }

  @Test(
    "is an error where there can be none, to each command, with the key to correct",
    arguments: [["check"], ["folders"], ["doctor"], ["sync"], ["sync", "--dry-run"]])
  func commands(arguments: [String]) async throws {
    let home = try Home()
    try home.configure(Home.unreachableAccount("away", path: "~/.config/martlet/config.toml/Mail"))
    let result = try await ChildProcess.run([Home.program] + arguments, environment: home.environment())
    #expect(result.ending == .exited(1))
    let told = result.errors + result.output
    #expect(told.contains("there can be no Maildir: "), "\(told)")
    #expect(told.contains("config.toml is no directory"), "\(told)")
    #expect(told.contains("correct accounts.away.local.path"), "\(told)")
  }
}
