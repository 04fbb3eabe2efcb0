import Configuration
import Foundation
import Support
import Testing

@Suite("What a wrong configuration is told")
struct ConfigurationErrorTests {
  /// The suite holds it, so that it is there until the test has ended.
  private let scratch: TemporaryDirectory

  init() throws { scratch = try TemporaryDirectory("configuration") }

  private static let valid = Fixture.remote + Fixture.local
  private static let noAccount = "at least one account, [accounts.NAME], found none"

  /// A text, and what the errors begin with, in order.
  private static let cases: [(text: String, errors: [String])] = [
    ("", ["0 : expected \(noAccount)"]),
    ("[accounts]\n", ["1 accounts: expected \(noAccount)"]),
    ("accounts = 3", ["1 accounts: expected a table, found an integer"]),
    (
      "[accounts.a]\n",
      ["1 accounts.a: expected a table [accounts.a.remote]", "1 accounts.a: expected a table [accounts.a.local]"]
    ),
    ("\nx = 1\n" + valid, ["2 x: expected one of accounts, found an unknown key"]),
    (valid + "[accounts.a.hooks]\n", ["7 accounts.a.hooks: expected one of folders, local, remote, sync, found"]),
    (valid + "pth = 3\n", ["7 accounts.a.local.pth: expected one of layout, path, type, found"]),
    (
      valid + "[accounts.a.sync]\ndirection = \"pull\"\n",
      ["8 accounts.a.sync.direction: expected one of brake, trash, trash_days, found an unknown key"]
    ),
    (
      valid + "[accounts.a.sync]\nbrake = \"101%\"\ntrash = \"inbox\"\ntrash_days = -1\n",
      [
        "8 accounts.a.sync.brake: expected a share of a folder from \"0%\" to \"100%\", found \"101%\"",
        "9 accounts.a.sync.trash: expected a folder's name other than INBOX",
        "10 accounts.a.sync.trash_days: expected a number from 0 to 3650, found -1",
      ]
    ),
    (
      valid + "[accounts.a.folders]\nrename = { \"A/*\" = \"../*\" }\n",
      ["8 accounts.a.folders.rename.\"A/*\": expected a folder's name where * stands for one, found \"../*\""]
    ),
    (
      valid + "[accounts.a.folders]\nrename = { \"A\" = \"inbox\" }\n",
      ["8 accounts.a.folders.rename.A: expected a local name other than INBOX, or INBOX renamed or excluded as well"]
    ),
    (valid + "[accounts.a.folders]\nrename = { \"A\" = \"INBOX\", \"INBOX\" = \"B\" }\n", []),
    (valid + "[accounts.a.folders]\nexclude = [\"INBOX\"]\nrename = { \"A\" = \"INBOX\" }\n", []),
    (
      valid + "[accounts.a.sync]\nbrake = 50\n",
      ["8 accounts.a.sync.brake: expected a string, found an integer"]
    ),
    (
      Fixture.remote + "hots = \"h\"\nport = \"993\"\n" + Fixture.local,
      [
        "5 accounts.a.remote.hots: expected one of allow_plaintext, ca_file, host,",
        "6 accounts.a.remote.port: expected a number from 1 to 65535, found a string",
      ]
    ),
    (
      Fixture.remote + "port = 0\n" + Fixture.local,
      ["5 accounts.a.remote.port: expected a number from 1 to 65535, found 0"]
    ),
    (
      Fixture.remote + "port = 65536\n" + Fixture.local, ["5 accounts.a.remote.port: expected a number from 1 to 65535"]
    ),
    (
      Fixture.remote + "max_connections = 101\n" + Fixture.local,
      ["5 accounts.a.remote.max_connections: expected a number from 1 to 100"]
    ),
    (
      Fixture.remote + "tls = \"ssl\"\n" + Fixture.local,
      ["5 accounts.a.remote.tls: expected \"implicit\" or \"starttls\" or \"none\", found \"ssl\""]
    ),
    (
      Fixture.remote + "tls = \"none\"\n" + Fixture.local,
      ["5 accounts.a.remote.tls: expected \"implicit\" or \"starttls\" to imap.example.org, or allow_plaintext"]
    ),
    (
      Fixture.remote + "allow_plaintext = \"yes\"\n" + Fixture.local,
      ["5 accounts.a.remote.allow_plaintext: expected true or false, found a string"]
    ),
    (
      Fixture.remote + "tunnel = \"ssh\"\nport = 3\n" + Fixture.local,
      [
        "2 accounts.a.remote.host: expected either host or tunnel",
        "6 accounts.a.remote.port: expected no port beside tunnel",
      ]
    ),
    (
      Fixture.remote + "type = \"pop3\"\n" + Fixture.local,
      ["5 accounts.a.remote.type: expected \"imap\", found \"pop3\""]
    ),
    (
      Fixture.remote + "password = \"x\"\n" + Fixture.local,
      ["5 accounts.a.remote.password: expected one source of the password, found password_command and password"]
    ),
    (
      Fixture.remote + "[accounts.a.local]\ntype = \"mbox\"\nwhat = 1\n",
      ["6 accounts.a.local.type: expected \"imap\" or \"maildir\", found \"mbox\""]
    ),
    (
      Fixture.remote + "[accounts.a.local]\npath = \"~you/Mail\"\nlayout = \"flat\"\n",
      [
        "6 accounts.a.local.path: expected a path, absolute or from ~/",
        "7 accounts.a.local.layout: expected \"nested\" or \"maildir++\", found \"flat\"",
      ]
    ),
    (Fixture.remote + "[accounts.a.local]\n", ["5 accounts.a.local: expected a path of the Maildir"]),
    (
      Fixture.local + "[accounts.a.remote]\n",
      [
        "3 accounts.a.remote: expected a server", "3 accounts.a.remote: expected a user name",
        "3 accounts.a.remote: expected a source of the password",
      ]
    ),
    (
      valid.replacing("imap.example.org", with: "imap.example.org:993"),
      ["2 accounts.a.remote.host: expected a host name or address alone"]
    ),
    (
      valid.replacing("\"me\"", with: "\"me\\nyou\""),
      ["3 accounts.a.remote.user: expected a user name, found control characters"]
    ),
    (
      valid.replacing("\"pass\"", with: "\"pass\\u0000 show\"").replacing("mail\"", with: "\\U00000000mail\""),
      [
        "4 accounts.a.remote.password_command: expected text without NUL, found control characters",
        "6 accounts.a.local.path: expected text without NUL, found control characters",
      ]
    ),
    (
      valid + "[accounts.a.folders]\ninclude = [\"A\",\n \"\"\"B\\u0000\"\"\"]\nrename = { \"C\\u0000\" = \"D\" }\n",
      [
        "9 accounts.a.folders.include.1: expected text without NUL",
        "10 accounts.a.folders.rename.\"C\\u{0}\": expected text without NUL",
      ]
    ),
    (
      valid.replacing(".a.", with: ".\"a\\u0000b\"."), ["1 accounts.\"a\\u{0}b\".remote: expected text", "5 accounts."]
    ),
    (valid.replacing("\"me\"", with: "\"me\\\\u0000\"").replacing("\"pass\"", with: "'pass\\u0000'"), []),
    (
      valid.replacing("\"pass\"", with: "\"\""),
      ["4 accounts.a.remote.password_command: expected a command, found nothing"]
    ),
    (valid.replacing(".a.", with: ".\"a b\"."), ["1 accounts.\"a b\": expected an account name"]),
    (valid.replacing(".a.", with: ".\"../x\"."), ["1 accounts.\"../x\": expected an account name"]),
    (
      valid + "[accounts.a.remote]\n",
      ["7 : expected TOML, found an error in table header: cannot redefine existing table"]
    ),
    (
      valid + "path = \"/other\"\n",
      ["7 : expected TOML, found an error in key-value pair: cannot redefine existing string"]
    ),
  ]

  @Test("each wrong text is told with line, key, and what was expected", arguments: cases.indices)
  func errors(index: Int) {
    let (text, expected) = Self.cases[index]
    let errors = Fixture.errors(text)
    #expect(errors.count == expected.count, "\(errors)")
    for (error, beginning) in zip(errors, expected) { #expect(error.hasPrefix(beginning)) }
  }

  @Test("an error reads as compilers write them")
  func description() throws {
    let error = #expect(throws: ConfigurationErrors.self) { try Fixture.parse(Self.valid + "layout = 3\n") }
    #expect(
      error?.description
        == "/etc/nowhere/config.toml:7: accounts.a.local.layout: expected a string, found an integer")
  }

  @Test("an empty file names no key")
  func emptyFile() {
    let error = #expect(throws: ConfigurationErrors.self) { try Fixture.parse("") }
    #expect(error?.description == "/etc/nowhere/config.toml: expected \(Self.noAccount)")
  }

  @Test("a ~ without a home is an error")
  func noHome() {
    let text = Self.valid.replacing("/nowhere/mail", with: "~/Mail")
    #expect(Fixture.errors(text, home: nil).first?.contains("HOME is not set") == true)
  }

  @Test(
    "no error shows a password (L13)",
    arguments: [
      "password = hunter2", "password = \"hunter2", "password = 'hunter2", "password = [\"hunter2\"]",
      "password = \"\"\"hunter2", "password = { hunter2 = 1 ]", "password = true hunter2", "password = \"hunter2\\q\"",
      "password = \"\"\"\nhunter2\\q\"\"\"", "password = \"hunter2\" hunter2", "password = \"\\nhunter2\"",
      "password_command = \"x\"\nuser_name = hunter2",
    ])
  func secrets(line: String) {
    for lineEnd in ["\n", "\r\n"] {
      let text = Self.valid.replacing("password_command = \"pass\"", with: line).replacing("\n", with: lineEnd)
      let error = #expect(throws: ConfigurationErrors.self) { try Fixture.parse(text) }
      #expect(error?.description.contains("hunter") == false, "\(String(describing: error))")
      #expect(error?.errors.allSatisfy { $0.line != nil } == true)
    }
  }

  @Test(
    "no error shows a password that is all digits, whatever its key and the ends of lines are (L13)",
    arguments: ["password =", "pass =", "user =", "password = [\n", "password = 0x", "other = { password ="],
    ["\n", "\r\n"])
  func digits(key: String, lineEnd: String) {
    let digits = "123456789012345678901234567890"
    let text = Self.valid.replacing("password_command = \"pass\"", with: "\(key) \(digits)")
    let error = #expect(throws: ConfigurationErrors.self) { try Fixture.parse(text.replacing("\n", with: lineEnd)) }
    #expect(error?.description.contains("12345") == false, "\(String(describing: error))")
  }

  @Test("a password without quotes is told by its key, and that they are missing", arguments: ["\n", "\r\n"])
  func unquotedPassword(lineEnd: String) {
    let text = Self.valid.replacing("password_command = \"pass\"", with: "password = hunter2")
    #expect(
      Fixture.errors(text.replacing("\n", with: lineEnd)) == [
        "4 accounts.a.remote.password: expected TOML, where a text stands in quotes and a key only once, "
          + "found an error in this line"
      ])
  }

  @Test("a syntax error is told in the parser's words, as far as they are not the file's")
  func syntaxErrorWords() {
    #expect(
      Fixture.errors("a = 123456789012345678901234567890\n") == [
        "1 : expected TOML, found an error in decimal integer: a value is not representable in 64 bits"
      ])
    #expect(
      Fixture.errors("[a]\n[a]\n") == [
        "2 : expected TOML, found an error in table header: cannot redefine existing table 'a'"
      ])
  }

  @Test("a missing file is told with where it was looked for and how to begin")
  func missingFile() throws {
    let paths = try Paths(environment: ["HOME": "/home/me", "XDG_CONFIG_HOME": scratch.path])
    let error = #expect(throws: ConfigurationErrors.self) { try Configuration.load(paths) }
    let text = try #require(error?.description)
    #expect(
      text.contains(scratch.path + "/martlet/config.toml")
        && text.contains("expected a configuration; there is no such file. Begin"))
    // What it says to begin with is a configuration.
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("  ") }.joined(separator: "\n")
    #expect(try Fixture.parse(lines).accounts.map(\.name) == ["personal"])
  }

  @Test("a file that is no text or no file is told", arguments: ["nul", "latin", "directory", "device", "pipe"])
  func unreadable(kind: String) throws {
    let file = scratch.path + "/config.toml"
    let expected: String
    switch kind {
    case "nul":
      try Data("# a\n# b\0\n".utf8).write(to: URL(filePath: file))
      expected = "config.toml:2: expected UTF-8 text"
    case "latin":
      try Data([0x23, 0x0A, 0x0A, 0x23, 0xE4, 0x0A]).write(to: URL(filePath: file))
      expected = "config.toml:3: expected UTF-8 text"
    case "directory":
      try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
      expected = "config.toml: expected a configuration that can be read: "
    case "pipe":
      try #require(unsafe mkfifo(file, 0o600) == 0)
      expected = "config.toml: expected a configuration that can be read: a pipe that nobody writes to"
    default:
      try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: "/dev/zero")
      expected = "config.toml: expected a configuration that can be read: "
    }
    let paths = try Paths(environment: ["HOME": "/"], configurationFile: file)
    let error = #expect(throws: ConfigurationErrors.self) { try Configuration.load(paths) }
    #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
  }
}
