import Mail
import Ports
import Reconciliation
import Testing

@testable import Maildir

@Suite("Folding what a watch tells")
struct WatchFoldingTests {
  private static let other = FolderName("A") ?? .inbox

  private func folding() -> WatchFolding {
    var folding = WatchFolding()
    for part in Subdirectory.allCases {
      folding.add("INBOX/\(part.rawValue)", as: .messages(.inbox, part))
      folding.add("A/\(part.rawValue)", as: .messages(Self.other, part))
    }
    folding.add("INBOX", as: .tree(.inbox))
    folding.add("", as: .tree(nil))
    return folding
  }

  private func at(_ milliseconds: Int64) -> LoopInstant { LoopInstant(nanoseconds: milliseconds * 1_000_000) }

  private func event(_ kind: DirectoryEvent.Kind, _ path: String, isDirectory: Bool = false) -> DirectoryEvent {
    let slash = path.lastIndex(of: "/")
    return DirectoryEvent(
      kind, directory: slash.map { String(path[..<$0]) } ?? "",
      name: slash.map { String(path[path.index(after: $0)...]) } ?? path, isDirectory: isDirectory)
  }

  @Test("renames, ends of writing and deletions are told at once")
  func atOnce() {
    for kind in [DirectoryEvent.Kind.movedIn(cookie: 1), .movedOut(cookie: 1), .written, .deleted] {
      var folding = folding()
      folding.handle([event(kind, "INBOX/cur/a:2,S")], at: at(0))
      #expect(folding.nextDue == nil)
      #expect(folding.takeNews(at: at(0)) == [.changed(.inbox)])
      #expect(folding.takeTouched(in: .inbox).keys.map { $0 } == ["a"])
      #expect(folding.takeNews(at: at(1)).isEmpty)
    }
  }

  @Test("a link is told after a quiet moment, which its dating begins anew")
  func linkRipens() {
    var folding = folding()
    folding.handle([event(.created, "INBOX/new/a")], at: at(0))
    #expect(folding.nextDue == at(50))
    #expect(folding.takeNews(at: at(49)).isEmpty)
    folding.handle([event(.attributesChanged, "INBOX/new/a")], at: at(40))
    #expect(folding.nextDue == at(90))
    #expect(folding.takeNews(at: at(89)).isEmpty)
    #expect(folding.takeTouched(in: .inbox).isEmpty)
    #expect(folding.takeNews(at: at(90)) == [.changed(.inbox)])
    #expect(folding.nextDue == nil)
  }

  @Test("a file that never comes to rest is told after 200 ms")
  func patienceEnds() {
    var folding = folding()
    folding.handle([event(.created, "INBOX/new/a")], at: at(0))
    for time in stride(from: Int64(30), through: 180, by: 30) {
      folding.handle([event(.attributesChanged, "INBOX/new/a")], at: at(time))
    }
    #expect(folding.nextDue == at(200))
    #expect(folding.takeNews(at: at(200)) == [.changed(.inbox)])
  }

  @Test("what is unlinked while a link ripens is told together with it, and not later for what is linked then")
  func unlinkedMeanwhile() {
    var folding = folding()
    folding.handle([event(.created, "A/new/b")], at: at(0))
    folding.handle([event(.attributesChanged, "A/new/b"), event(.deleted, "INBOX/cur/a:2,S")], at: at(1))
    #expect(folding.takeNews(at: at(50)).isEmpty)
    folding.handle([event(.created, "A/new/c")], at: at(40))
    #expect(folding.takeNews(at: at(51)) == [.changed(Self.other), .changed(.inbox)])
    #expect(folding.takeTouched(in: .inbox).keys.map { $0 } == ["a"])
    #expect(folding.takeNews(at: at(90)) == [.changed(Self.other)])
    folding.handle([event(.deleted, "INBOX/cur/d:2,S")], at: at(91))
    #expect(folding.takeNews(at: at(91)) == [.changed(.inbox)])
  }

  @Test("both ends of a rename are told together, also while a folder is being made")
  func renamedWhileFolderComes() {
    var folding = folding()
    folding.handle(
      [
        event(.created, "B", isDirectory: true), event(.movedOut(cookie: 1), "INBOX/cur/a:2,S"),
        event(.movedOut(cookie: 2), "INBOX/cur/b:2,S"), event(.movedIn(cookie: 1), "INBOX/cur/c:2,S"),
      ], at: at(0))
    #expect(folding.takeNews(at: at(0)) == [.changed(.inbox)])
    #expect(Set(folding.takeTouched(in: .inbox).keys) == ["a", "c"])
    // The other one may have gone to the folder that is being made.
    #expect(folding.takeNews(at: at(50)) == [.changed(.inbox), .foldersChanged])
    #expect(folding.takeTouched(in: .inbox).keys.map { $0 } == ["b"])
  }

  @Test("a file that is closed or renamed while it ripens is told at once, and once")
  func ripeningEnds() {
    for kind in [DirectoryEvent.Kind.written, .movedOut(cookie: 3), .deleted] {
      var folding = folding()
      folding.handle([event(.created, "INBOX/new/a"), event(kind, "INBOX/new/a")], at: at(0))
      #expect(folding.takeNews(at: at(0)) == [.changed(.inbox)])
      #expect(folding.takeNews(at: at(300)).isEmpty)
    }
  }

  @Test("a late change of date, hidden names and directories say nothing")
  func silence() {
    var folding = folding()
    folding.handle(
      [
        event(.attributesChanged, "INBOX/cur/a:2,S"), event(.created, "INBOX/cur/.nfs1"),
        event(.created, "INBOX/cur/directory", isDirectory: true), event(.created, "INBOX/dovecot.index.log"),
        event(.created, ".martlet", isDirectory: true), event(.created, "INBOX/tmp", isDirectory: true),
        event(.written, "unknown/cur/a"),
      ], at: at(0))
    #expect(folding.nextDue == nil)
    #expect(folding.takeNews(at: at(1000)).isEmpty)
  }

  @Test("a rename between folders tells where the message was, also over a stop on the way")
  func movedFrom() throws {
    var folding = folding()
    folding.handle(
      [event(.movedOut(cookie: 1), "INBOX/cur/a:2,S"), event(.movedIn(cookie: 1), "A/cur/b:2,S")], at: at(0))
    let there = folding.takeTouched(in: Self.other)
    #expect(there["b"]?.movedFrom == MovedFrom(folder: .inbox, key: .file("a")))
    #expect(folding.touched[.inbox]?["a"]?.movedFrom == nil)
    // Back before anybody looked: it came from where it is.
    folding.putBack(there, in: Self.other)
    folding.handle(
      [event(.movedOut(cookie: 2), "A/cur/b:2,S"), event(.movedIn(cookie: 2), "INBOX/cur/c:2,S")], at: at(1))
    #expect(folding.takeTouched(in: .inbox)["c"]?.movedFrom == MovedFrom(folder: .inbox, key: .file("a")))
  }

  @Test("a flag change names no origin, and both names are looked at")
  func flagChange() {
    var folding = folding()
    folding.handle(
      [event(.movedOut(cookie: 1), "INBOX/new/a"), event(.movedIn(cookie: 1), "INBOX/cur/a:2,S")], at: at(0))
    let touch = folding.takeTouched(in: .inbox)["a"]
    #expect(touch?.movedFrom == nil)
    #expect(touch?.places.map { $0.path(of: "a") }.sorted() == ["cur/a:2,S", "new/a"])
  }

  @Test("an overflow, a lost directory and too many names make everything there uncertain")
  func uncertainty() {
    var folding = folding()
    folding.handle([event(.created, "INBOX/new/a"), event(.overflow, "")], at: at(0))
    #expect(folding.takeNews(at: at(0)) == [.everythingUncertain])
    #expect(folding.takeNews(at: at(500)).isEmpty)
    folding.handle(
      [DirectoryEvent(.directoryGone, directory: "A/cur", name: "", isDirectory: true)], at: at(500))
    #expect(folding.takeNews(at: at(500)) == [.uncertain(Self.other)])
    #expect(folding.takeNews(at: at(550)) == [.foldersChanged])
    for number in 0...WatchFolding.touchesMax {
      folding.handle([event(.deleted, "INBOX/cur/\(number)")], at: at(600))
    }
    #expect(folding.takeNews(at: at(600)).contains(.uncertain(.inbox)))
    #expect(folding.takeTouched(in: .inbox).isEmpty)
  }

  @Test("folders that come are told once they are there as a whole")
  func folders() {
    var folding = folding()
    folding.handle([event(.created, "B", isDirectory: true)], at: at(0))
    folding.handle([event(.created, "B/cur", isDirectory: true)], at: at(20))
    folding.handle([event(.movedIn(cookie: 9), "C", isDirectory: true)], at: at(30))
    #expect(folding.takeNews(at: at(79)).isEmpty)
    #expect(folding.takeNews(at: at(80)) == [.foldersChanged])
  }

  @Test(
    "what goes while a folder is made is told together with that: it may have gone there", arguments: [true, false])
  func goneMeanwhile(byRename: Bool) {
    var folding = folding()
    folding.handle([event(.created, "B", isDirectory: true)], at: at(0))
    let kind: DirectoryEvent.Kind = byRename ? .movedOut(cookie: 5) : .deleted
    folding.handle([event(kind, "INBOX/cur/a:2,S")], at: at(10))
    #expect(folding.takeNews(at: at(49)).isEmpty)
    #expect(folding.takeNews(at: at(50)) == [.foldersChanged, .changed(.inbox)])
    #expect(folding.takeTouched(in: .inbox).keys.map { $0 } == ["a"])
    folding.handle([event(kind, "INBOX/cur/b:2,S")], at: at(51))
    #expect(folding.takeNews(at: at(51)) == [.changed(.inbox)])
  }

  @Test("Dovecot's table of keywords is told of")
  func table() {
    var folding = folding()
    folding.handle([event(.movedIn(cookie: 4), "INBOX/dovecot-keywords")], at: at(0))
    #expect(folding.takeNews(at: at(0)) == [.tableWritten(.inbox)])
  }
}
