import Foundation
import Mail
import Support
import Testing

@Suite struct MaildirTests {
  let directory: TemporaryDirectory
  let inbox: MaildirFolder
  let lists: MaildirFolder
  let listsName: FolderName

  init() throws {
    directory = try TemporaryDirectory("maildir")
    listsName = try #require(FolderName("Lists/swift"))
    inbox = MaildirFolder(.inbox, below: directory.path)
    lists = MaildirFolder(listsName, below: directory.path)
    try inbox.make()
    try lists.make()
  }

  private func tree() throws -> MaildirTree { try MaildirTree(reading: directory.path) }

  @Test("a delivered message is in new/, with its bytes in LF form and its date")
  func delivery() throws {
    let date = InternalDate(secondsSince1970: 1_234_567_890)
    let unique = try inbox.deliver(Array("A: b\r\n\r\nc\r\n".utf8), date: date)
    let entry = try #require(try tree()[.inbox].first)
    #expect(entry.unique == unique)
    #expect(entry.isInNew)
    #expect(try entry.bytes() == Array("A: b\n\nc\n".utf8))
    #expect(try entry.date() == date)
    #expect(try tree().folders.keys.sorted() == [.inbox, listsName])
  }

  @Test("flags, keywords and unknown letters are read from the name")
  func flags() throws {
    let unique = try inbox.deliver(Array("A: b\n\n".utf8))
    try inbox.setLetters("SPF", of: unique)
    let work = try #require(Keyword("Work"))
    try inbox.add(work, to: unique)
    var entry = try #require(try tree()[.inbox].first)
    #expect(entry.flags == FlagSet([.seen, .flagged], keywords: [.forwarded, work]))
    #expect(entry.letters == "FPSa")
    #expect(!entry.isInNew)
    try inbox.setLetters("Sz", of: unique)
    entry = try #require(try tree()[.inbox].first)
    #expect(entry.unknownLetters == "z")
  }

  @Test("neomutt's way to save makes another file with a Content-Length; mv keeps the name")
  func moves() throws {
    let one = try inbox.file(Array("A: b\n\ntext\n".utf8), letters: "FS")
    let copy = try inbox.saveAsNeomutt(one, to: lists)
    try inbox.unlink(one)
    let saved = try #require(try tree()[listsName].first)
    #expect(saved.unique == copy)
    #expect(saved.letters == "FS")
    #expect(try saved.bytes() == Array("A: b\nContent-Length: 5\n\ntext\n".utf8))
    try lists.move(copy, to: inbox)
    #expect(try tree()[.inbox].map(\.unique) == [copy])
    #expect(try tree()[listsName].isEmpty)
  }

  @Test("Maildir++ names are read and written")
  func maildirPlusPlus() throws {
    let name = try #require(FolderName("Entwürfe/A&B"))
    let root = directory.appending("plus")
    for folder in [FolderName.inbox, name] {
      try MaildirFolder(folder, below: root, layout: .maildirPlusPlus).make()
    }
    #expect(FileManager.default.fileExists(atPath: root + "/.Entw&APw-rfe.A&-B/cur"))
    #expect(try MaildirTree(reading: root, layout: .maildirPlusPlus).folders.keys.sorted() == [name, .inbox].sorted())
  }

  @Test("a watch sees what comes later, also in a folder that comes later")
  func watch() async throws {
    let watch = try MaildirWatch(directory.path)
    let late = try #require(FolderName("Late/one"))
    let folder = MaildirFolder(late, below: directory.path)
    async let seen = watch.wait { $0[late].count == 1 }
    try folder.make()
    try folder.deliver(Array("A: b\n\n".utf8))
    #expect(try await seen.tree[late].count == 1)
  }

  @Test("a watch that waits in vain says what is there")
  func watchInVain() async throws {
    try inbox.deliver(Array("A: b\n\n".utf8), named: "the-name")
    let watch = try MaildirWatch(directory.path)
    do {
      _ = try await watch.wait(within: .milliseconds(20)) { _ in false }
      Issue.record("the wait should have failed")
    } catch let error as SupportError {
      #expect(error.description.contains("the-name"))
    }
  }
}
