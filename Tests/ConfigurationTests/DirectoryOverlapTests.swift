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
      ["/nowhere//mail/", "/nowhere/./x/../mail"], ["~/Mail", "/home/me/Mail"],
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

  @Test(
    "martlet's own state, what is in it or around it, and the whole tree are no Maildir",
    arguments: ["/own/state", "/own/state/a", "/own", "/"])
  func reserved(path: String) {
    let text = Fixture.remote + Fixture.local.replacing("/nowhere/mail", with: path)
    let error = #expect(throws: ConfigurationErrors.self) {
      try Configuration.parse(text, file: "/nowhere/config.toml", home: nil, stateDirectory: "/own/state")
    }
    #expect(error?.errors.map(\.key) == ["accounts.a.local.path"])
  }

  // MARK: Servers

  private static func imap(_ name: String, _ host: String = "near.test", _ more: String = "") -> String {
    Fixture.remote.replacing(".a.", with: ".\(name).")
      + "[accounts.\(name).local]\ntype = \"imap\"\nhost = \"\(host)\"\nuser = \"me\"\npassword_command = \"pass\"\n\(more)"
  }

  @Test("an account that has the same place on both sides is refused, however it is written")
  func itself() {
    #expect(Fixture.errors(Self.imap("a")) == [])
    #expect(
      Fixture.errors(Self.imap("a", "IMAP.example.org."))
        == [
          "7 accounts.a.local.host: expected another mailbox than that of remote, "
            + "found the same, which would take its own messages for new ones"
        ])
    #expect(Fixture.errors(Self.imap("a", "imap.example.org", "port = 994\n")) == [])
    // The usual ports with TLS from the start and without are one server's.
    #expect(Fixture.errors(Self.imap("a", "imap.example.org", "tls = \"starttls\"\n")).count == 1)
    let other = Fixture.remote.replacing("\"me\"", with: "\"you\"")
    #expect(Fixture.errors(Self.imap("a", "imap.example.org").replacing(Fixture.remote, with: other)) == [])
  }

  @Test("two accounts with the same local server and user are refused")
  func sameServer() {
    let errors = Fixture.errors(Self.imap("a", "localhost") + Self.imap("b", "127.0.0.1"))
    #expect(errors == ["16 accounts.b.local.host: expected a mailbox of its own, found the one that account a has"])
    #expect(Fixture.errors(Self.imap("a") + Self.imap("b", "other.test")) == [])
  }
}
