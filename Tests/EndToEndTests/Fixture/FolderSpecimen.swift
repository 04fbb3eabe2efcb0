import Mail
import Support

/// A folder's name in the three ways in which it is written. The directories are spelled out, and not computed, so that
/// they stay what people's scripts know.
struct FolderSpecimen: Sendable {
  let components: [String]
  /// Relative to the root.
  let nested: String
  let flat: String

  init(_ components: [String], nested: String? = nil, flat: String? = nil) {
    self.components = components
    self.nested = nested ?? components.joined(separator: "/")
    self.flat = flat ?? "." + components.joined(separator: ".")
  }

  private init(_ name: String, nested: String? = nil, flat: String? = nil) {
    self.init([name], nested: nested, flat: flat)
  }

  var name: FolderName {
    guard let name = FolderName(components: components) else { preconditionFailure("\(components) is no folder name") }
    return name
  }

  func directory(_ layout: MaildirTree.Layout) -> String { layout == .nested ? nested : flat }

  /// No two of any two folders are the same.
  var message: [UInt8] { Array("Subject: \(name)\r\n\r\nin \(name)\r\n".utf8) }

  /// What every server here takes.
  static let everywhere: [FolderSpecimen] = [
    FolderSpecimen("Entwürfe"), FolderSpecimen("日本語"), FolderSpecimen("العربية"), FolderSpecimen("Ελληνικά"),
    FolderSpecimen("🐦"), FolderSpecimen("👩‍👩‍👧 family"), FolderSpecimen("\u{E9}"), FolderSpecimen("e\u{301}"),
    FolderSpecimen("\u{301}accent"), FolderSpecimen(["Work", "\u{301}accent"]),
    FolderSpecimen("in between"), FolderSpecimen(" before"), FolderSpecimen("behind "), FolderSpecimen("\u{A0}hard"),
    FolderSpecimen("50%"), FolderSpecimen("50%41"), FolderSpecimen("%2F", nested: "%252F", flat: ".%252F"),
    FolderSpecimen("%2f"),
    FolderSpecimen("a:b"), FolderSpecimen("a;2,S"), FolderSpecimen("a&b"), FolderSpecimen("&AOk-"),
    FolderSpecimen("\"quoted\""), FolderSpecimen("it's"), FolderSpecimen("back\\slash"), FolderSpecimen("a*b"),
    FolderSpecimen("#news"), FolderSpecimen("(p)"), FolderSpecimen("{12}"), FolderSpecimen("NIL"),
    FolderSpecimen("-rf"), FolderSpecimen("=3D"), FolderSpecimen("$HOME"), FolderSpecimen("`id`"),
    FolderSpecimen(["[Gmail]", "All Mail"]),
    FolderSpecimen("cur", nested: "%63ur"), FolderSpecimen("new", nested: "%6Eew"),
    FolderSpecimen(["Work", "tmp"], nested: "Work/%74mp"),
    FolderSpecimen("Case"), FolderSpecimen("case"), FolderSpecimen(["Work", "inbox"]),
    FolderSpecimen(["INBOX", "Below"]), FolderSpecimen(["INBOX", "INBOX"]), FolderSpecimen("INBOXES"),
    FolderSpecimen("martlet", flat: ".%6Dartlet"), FolderSpecimen(["martlet", "limbo"]),
    FolderSpecimen("dovecot-keywords", nested: "%64ovecot-keywords"),
    FolderSpecimen(["Work", "dovecot-keywords"], nested: "Work/%64ovecot-keywords"),
    FolderSpecimen("maildirfolder"), FolderSpecimen("subscriptions"),
    FolderSpecimen("lost+found", nested: "%6Cost+found"),
    FolderSpecimen("\u{202E}backwards"),
    FolderSpecimen("con\u{85}trol", nested: "con%C2%85trol", flat: ".con%C2%85trol"),
    FolderSpecimen(String(repeating: "z", count: 199)), FolderSpecimen(Array(repeating: "d", count: 12)),
  ]

  /// What only a server takes whose levels are divided by a slash.
  static let withDots: [FolderSpecimen] = [
    FolderSpecimen("a.b", flat: ".a%2Eb"), FolderSpecimen(".dot", nested: "%2Edot", flat: ".%2Edot"),
    FolderSpecimen(".martlet", nested: "%2Emartlet", flat: ".%2Emartlet"), FolderSpecimen("end.", flat: ".end%2E"),
  ]

  /// What only a server takes whose levels are divided by a dot.
  static let withSlashes: [FolderSpecimen] = [
    FolderSpecimen(["a/b", "c"], nested: "a%2Fb/c", flat: ".a%2Fb.c"), FolderSpecimen("/", nested: "%2F", flat: ".%2F"),
    FolderSpecimen(["~nobody", "x/y"], nested: "~nobody/x%2Fy", flat: ".~nobody.x%2Fy"),
  ]
}

/// A server that divides a name's levels by one sign or another.
enum Hierarchy: String, CaseIterable, Sendable {
  case slash, dot

  var specimens: [FolderSpecimen] {
    FolderSpecimen.everywhere + (self == .slash ? FolderSpecimen.withDots : FolderSpecimen.withSlashes)
  }

  var options: DovecotOptions {
    switch self {
    // Its folders are directories, so that a dot is a sign like another.
    case .slash: DovecotOptions(storage: .sdbox)
    case .dot:
      DovecotOptions(
        extraConfiguration: """
          namespace inbox {
            separator = .
          }
          protocol imap {
            mail_plugins = imap_zlib listescape
          }
          """)
    }
  }
}
