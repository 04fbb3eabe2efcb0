import Disk
import Glibc
import Mail
import Ports
import Reactor
import Reconciliation
import Testing

@testable import Maildir

@Suite("Examining a Maildir")
struct ExaminationTests {
  @Test("finds nothing in one that is whole, and counts what is to be watched")
  func whole() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["INBOX", "Lists/swift"])
      try await maildir.deliver("Subject: a\r\n\r\n")
      let result = try await maildir.examine()
      #expect(result.findings.isEmpty)
      #expect(result.folderCount == 2)
      // The root, INBOX, Lists, Lists/swift; cur and new of two.
      #expect(result.watchCount == 8)
      await maildir.remove()
    }
  }

  @Test("makes a missing directory anew only where no known message was in it (L8)", arguments: ["tmp", "new", "cur"])
  func incomplete(part: String) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      let new = try await maildir.deliver("Subject: a\r\n\r\n")
      let seen = try await maildir.deliver("Subject: b\r\n\r\n", flags: FlagSet(.seen))
      try #require(new.key != seen.key)
      for file in maildir.names("INBOX/\(part)") { try maildir.unlink("INBOX/\(part)/\(file)") }
      try maildir.removeDirectory("INBOX/\(part)")
      let known = Set([new.key, seen.key].compactMap(\.fileName))
      let result = try await maildir.examine(known: known)
      let finding = try #require(result.findings.first)
      #expect(result.findings == [.incomplete(.inbox, missing: [part], absent: part == "tmp" ? 0 : 1)])
      #expect(finding.isMendable == (part == "tmp"))
      if finding.isMendable {
        try await maildir.store.mend(finding) { _ in false }
        #expect(try await maildir.examine(known: known).findings.isEmpty)
      }
      await maildir.remove()
    }
  }

  @Test("names a directory in which the kernel refuses what a sync does", arguments: ["", "/cur", "/new", "/tmp"])
  func unusable(part: String) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["A", "B"])
      try maildir.write("B/dovecot-keywords", "what is this\n")
      #expect(
        try await maildir.examine(refused: ["A" + part, ".martlet"]).findings == [
          .unusable(directory: "A" + part, reason: "Permission denied"),
          .unknownKeywordLines(path: "B/dovecot-keywords", count: 1),
          .unusable(directory: ".martlet", reason: "Permission denied"),
        ])
      await maildir.remove()
    }
  }

  @Test("takes for given up what nobody touched for 36 hours and nobody writes, and removes only that")
  func leftovers() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(secondsAhead: 37 * 3600)
      try maildir.write("INBOX/tmp/old", "x")
      try maildir.write("INBOX/tmp/open", "y")
      let writer = try Writer(maildir.path + "/INBOX/tmp/open")
      let result = try await maildir.examine()
      #expect(result.findings.compactMap(\.leftoverPath) == ["INBOX/tmp/old"])
      for finding in result.findings { try await maildir.store.mend(finding) { _ in false } }
      #expect(maildir.names("INBOX/tmp") == ["open"])
      writer.close()
      #expect(try await maildir.examine().findings.compactMap(\.leftoverPath) == ["INBOX/tmp/open"])
      await maildir.remove()
    }
  }

  @Test("leaves what has been touched again since it was found")
  func touchedAgain() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(secondsAhead: 37 * 3600)
      try maildir.write("INBOX/tmp/old", "x")
      let finding = try #require(try await maildir.examine().findings.first)
      let error = await #expect(throws: StoreError.self) { try await maildir.store.mend(finding) { _ in true } }
      #expect(error?.kind == .held)
      #expect(maildir.names("INBOX/tmp") == ["old"])
      await maildir.remove()
    }
  }

  @Test("knows the drafts of an earlier martlet at once, unless another may be writing them", arguments: [true, false])
  func drafts(isAlone: Bool) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/tmp/1.M2P3Q4Rab.host", "x")
      try maildir.write(".martlet/1.M2P3Q5Rab.host", "x")
      let found = try await maildir.examine(isAlone: isAlone).findings.compactMap(\.leftoverPath)
      #expect(found == (isAlone ? ["INBOX/tmp/1.M2P3Q4Rab.host", ".martlet/1.M2P3Q5Rab.host"] : []))
      await maildir.remove()
    }
  }

  @Test("tells what is odd about a table of keywords")
  func keywords() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["A", "B"])
      try maildir.write("A/dovecot-keywords", "0 red\n1 red\n30 far\nwhat is this\n")
      try maildir.makeDirectory("B/dovecot-keywords")
      let findings = try await maildir.examine().findings
      #expect(
        findings.prefix(3) == [
          .keywordsBeyondLetters(path: "A/dovecot-keywords", count: 1),
          .repeatedKeywords(path: "A/dovecot-keywords", [try keyword("red")]),
          .unknownKeywordLines(path: "A/dovecot-keywords", count: 1),
        ])
      guard case .unreadableKeywords(try name("B"), "B/dovecot-keywords", _)? = findings.dropFirst(3).first else {
        Issue.record("\(findings)")
        return
      }
      await maildir.remove()
    }
  }

  @Test("counts the keywords that stay on the server because the letters are used up", arguments: [25, 26, 27])
  func keywordsBeyondLetters(count: Int) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      let keywords = try (0..<count).map { try #require(Keyword("k\($0)")) }
      var told: [FolderName] = []
      maildir.store.whenLettersAreUsedUp = { told.append($0) }
      let delivered = try await maildir.deliver("x", flags: FlagSet(keywords: keywords))
      let beyond = Set(keywords).subtracting(delivered.flags.keywords)
      let findings = try await maildir.examine(serverKeywords: beyond).findings
      #expect(
        findings == (count <= 26 ? [] : [.keywordsBeyondLetters(path: "INBOX/dovecot-keywords", count: count - 26)]))
      #expect(told == (count <= 26 ? [] : [.inbox]))
      await maildir.remove()
    }
  }

  @Test("names a table of keywords that is too long, printably (L12)", arguments: [-1, 0, 1])
  func longTable(beyond: Int) async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(folders: ["A\u{202E}"])
      let line = "0 red\n"
      let size = KeywordTable.fileSizeMax + beyond
      try maildir.write("A\u{202E}/dovecot-keywords", line + String(repeating: "\n", count: size - line.utf8.count))
      let reasons = try await maildir.examine().findings.compactMap { finding in
        if case .unreadableKeywords(_, _, let reason) = finding { reason } else { nil }
      }
      #expect(reasons == (beyond > 0 ? [#"read A\u{202e}/dovecot-keywords: longer than 65536 bytes"#] : []))
      await maildir.remove()
    }
  }

  @Test("tells of mail that is kept no longer, and of directories that are no folders")
  func others() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.makeDirectory(".martlet/limbo")
      try maildir.makeDirectory(".martlet/limbo/1.1")
      try maildir.symlink("INBOX", "Link")
      #expect(
        try await maildir.examine().findings == [
          .overdue(count: 1), .leftOut(directory: "Link", reason: "a symbolic link, which is not followed"),
        ])
      await maildir.remove()
    }
  }

  @Test("removes nothing by being looked at: a store that only looks leaves drafts where they are")
  func lookedAtOnly() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make(secondsAhead: 37 * 3600)
      let marker = try #require(maildir.store.marker)
      await maildir.store.close()
      try maildir.write("INBOX/tmp/old", "x")
      let looking = MaildirStore(
        title: "test", layout: .nested, fileSystem: DiskFileSystem(root: maildir.path),
        clock: LaterClock(maildir.clock, secondsAhead: 37 * 3600),
        names: UniqueNames(host: "host", processID: 1, tag: 1),
        expectedMarker: marker, isLookedAtOnly: true,
        makeWatcher: { () throws(FileError) in throw FileError(.unsupported, path: "", "none") })
      try await looking.open()
      _ = try await looking.look(at: .inbox, .wide(since: nil))
      await looking.close()
      #expect(maildir.names("INBOX/tmp") == ["old"])
      await maildir.remove()
    }
  }
}

/// Another program that has a file open for writing.
private struct Writer {
  private let number: Int32

  init(_ path: String) throws {
    number = unsafe open(path, O_WRONLY | O_CLOEXEC)
    try #require(number >= 0)
  }

  func close() { Glibc.close(number) }
}

extension MaildirFinding {
  fileprivate var leftoverPath: String? { if case .leftover(let leftover) = self { leftover.path } else { nil } }
}

extension MaildirFixture {
  fileprivate func examine(
    known: Set<String> = [], serverKeywords: Set<Keyword> = [], isAlone: Bool = true, refused: Set<String> = []
  ) async throws -> MaildirExamination {
    let files = DiskFileSystem(root: path)
    return try await store.examine(
      known: [.inbox], isAlone: isAlone, knownKeys: { _ in known }, serverKeywords: { _ in serverKeywords },
      isBeingWritten: { files.isBeingWritten($0) }, refusal: { refused.contains($0) ? "Permission denied" : nil })
  }
}
