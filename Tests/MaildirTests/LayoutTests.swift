import Mail
import Testing

@testable import Maildir

@Suite("Layouts")
struct LayoutTests {
  @Test(
    "folders have their directories",
    arguments: [
      ("INBOX", "INBOX", ""), ("inbox", "INBOX", ""), ("A", "A", ".A"), ("A/B c", "A/B c", ".A.B c"),
      ("INBOX/Sub", "INBOX/Sub", ".INBOX.Sub"), ("a.b/c", "a.b/c", ".a%2Eb.c"), ("..", "%2E.", ".%2E%2E"),
      (".hidden", "%2Ehidden", ".%2Ehidden"), ("A/cur/new", "A/%63ur/%6Eew", ".A.cur.new"), ("tmp", "%74mp", ".tmp"),
      ("A%2FB", "A%2FB", ".A%2FB"), ("100%", "100%", ".100%"), ("50%41", "50%41", ".50%41"),
      ("a%252Fb", "a%252Fb", ".a%252Fb"), ("martlet", "martlet", ".%6Dartlet"),
      ("martlet/x", "martlet/x", ".martlet.x"),
      (".martlet", "%2Emartlet", ".%2Emartlet"), ("Entwürfe", "Entwürfe", ".Entwürfe"),
      ("a\u{1B}[31m\r\n", "a%1B[31m%0D%0A", ".a%1B[31m%0D%0A"), ("a\u{9B}1m", "a%C2%9B1m", ".a%C2%9B1m"),
      ("~", "~", ".~"), ("-rf *", "-rf *", ".-rf *"), ("lost+found", "%6Cost+found", ".lost+found"),
      ("lost+found/x", "%6Cost+found/x", ".lost+found.x"), ("x/lost+found", "x/lost+found", ".x.lost+found"),
      ("A/dovecot-keywords", "A/%64ovecot-keywords", ".A.dovecot-keywords"), ("A/\u{301}", "A/\u{301}", ".A.\u{301}"),
    ])
  func directories(name: String, nested: String, flat: String) throws {
    let folder = try #require(FolderName(name))
    #expect(try MaildirLayout.nested.directory(of: folder) == nested)
    #expect(try MaildirLayout.maildirPlusPlus.directory(of: folder) == flat)
    #expect(try MaildirLayout.nested.folder(at: nested) == folder)
    #expect(try MaildirLayout.maildirPlusPlus.folder(at: flat) == folder)
  }

  @Test("no two names share a directory, none leads out of the root, and each reads back (law L12)")
  func escapeIsOneToOne() {
    let letters = Array(".%25E63A/curmtew\u{1}".utf8)
    for layout in MaildirLayout.allCases {
      for place in ComponentEscape.Place.allCases {
        let escape = ComponentEscape(layout, at: place)
        var directories: Set<String> = []
        var names = [""]
        for length in 1...4 {
          names = names.flatMap { name in letters.map { name + String(UnicodeScalar($0)) } }
          for name in names {
            let directory = escape.escape(name)
            #expect(escape.read(directory) == name)
            #expect(directories.insert(directory).inserted)
            #expect(!directory.contains("/") && directory.first != "." && !directory.contains("\u{1}"))
            #expect(!["cur", "new", "tmp"].contains(directory) || layout == .maildirPlusPlus)
          }
          if length == 3 { names = names.filter { $0.contains("%") } }
        }
      }
    }
  }

  @Test(
    "a directory that is no folder's is left out with a reason",
    arguments: [
      (MaildirLayout.nested, "Inbox"), (.nested, "inbox/Sub"), (.nested, ".x"), (.nested, "A/cur"),
      (.nested, "a%252Eb"),
      (.maildirPlusPlus, ".INBOX"), (.maildirPlusPlus, ".inbox"), (.maildirPlusPlus, "A"), (.maildirPlusPlus, "."),
      (.maildirPlusPlus, ".martlet"), (.maildirPlusPlus, "..A"), (.maildirPlusPlus, ".A."), (.maildirPlusPlus, ".A..B"),
      (.maildirPlusPlus, ".Inbox.Sub"),
    ])
  func leftOut(layout: MaildirLayout, directory: String) {
    #expect(throws: MaildirLayout.Unmappable.self) { try layout.folder(at: directory) }
  }

  @Test("a component that needs more than 200 bytes has no directory")
  func tooLong() throws {
    let fits = try #require(FolderName(components: [String(repeating: "ü", count: 100)]))
    let long = try #require(FolderName(components: ["A", String(repeating: "/", count: 67)]))
    #expect(try MaildirLayout.nested.directory(of: fits).utf8.count == 200)
    #expect(throws: MaildirLayout.Unmappable.self) { try MaildirLayout.maildirPlusPlus.directory(of: fits) }
    #expect(throws: MaildirLayout.Unmappable.self) { try MaildirLayout.nested.directory(of: long) }
  }
}
