import Configuration
import Foundation
import Support
import Testing

@Suite("Two accounts never write the same directory")
struct DirectoryOverlapTests {
  /// The suite holds it, so that it is there until the test has ended.
  private let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory("configuration") }

  private static func errors(_ paths: [String]) -> [String] {
    let text = paths.enumerated().map { number, path in
      (Fixture.remote + Fixture.local).replacing(".a.", with: ".a\(number).")
        .replacing("/nowhere/mail", with: path)
    }
    return Fixture.errors(text.joined())
  }

  @Test(
    "the same directory, or one inside the other, is refused",
    arguments: [
      ["/nowhere/mail", "/nowhere/mail"], ["/nowhere/mail", "/nowhere/mail/work"],
      ["/nowhere/mail/a/b", "/nowhere/mail"],
      ["/nowhere//mail/", "/nowhere/./x/../mail"], ["/", "/nowhere"], ["~/Mail", "/home/me/Mail"],
    ])
  func overlapping(paths: [String]) throws {
    let errors = Self.errors(paths)
    #expect(errors.count == 1)
    let error = try #require(errors.first)
    #expect(error.hasPrefix("12 accounts.a1.local.path: expected a directory of its own"))
    #expect(error.contains("account a0"))
  }

  @Test(
    "neighbours are fine",
    arguments: [["/nowhere/mail", "/nowhere/mailbox"], ["/nowhere/mail/a", "/nowhere/mail/b"], ["~/Mail", "/Mail"]])
  func apart(paths: [String]) {
    #expect(Self.errors(paths) == [])
  }

  @Test("a symbolic link is where it points")
  func symbolicLink() throws {
    let real = scratch.path + "/real"
    let link = scratch.path + "/link"
    try FileManager.default.createDirectory(atPath: real, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: real)
    #expect(Self.errors([real, link + "/not/yet/there"]).count == 1)
    #expect(Self.errors([real + "/a", link + "/b"]) == [])
  }

  @Test("of three, each that collides is told")
  func three() {
    #expect(Self.errors(["/nowhere/a", "/nowhere/a", "/nowhere/a"]).count == 3)
  }
}
