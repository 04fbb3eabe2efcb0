import Maildir
import Reconciliation

/// Rows about folders themselves, and about what must never be read as a deletion (law L8).
extension CrashScenario {
  static let folders: [CrashScenario] = [
    Self(
      "folder-made-near", from: "INBOX: a", [.makeFolder(.near, "Lists"), .deliver(.near, "b/S", to: "Lists")],
      to: "INBOX: a | Lists: b/S"),
    Self(
      "folder-made-far", from: "INBOX: a", [.makeFolder(.far, "Lists"), .deliver(.far, "b/S", to: "Lists")],
      to: "INBOX: a | Lists: b/S"),
    Self(
      "folders-below-a-new-one", from: "INBOX: a",
      [.makeFolder(.near, "Lists"), .makeFolder(.near, "Lists/swift"), .deliver(.near, "b", to: "Lists/swift")],
      to: "INBOX: a | Lists: | Lists/swift: b"),
    Self("empty-folder-removed-near", from: "INBOX: a | Old:", [.removeFolder(.near, "Old")], to: "INBOX: a"),
    Self("empty-folder-removed-far", from: "INBOX: a | Old:", [.removeFolder(.far, "Old")], to: "INBOX: a")
      .with { $0.hasFoundBug = true },
    Self(
      "filled-folder-removed-near", from: "INBOX: a | Old: b c", [.removeFolder(.near, "Old")],
      near: "INBOX: a", far: "INBOX: a | Old: b c"
    ).with { $0.isHeld = true },
    Self(
      "filled-folder-removed-far", from: "INBOX: a | Old: b c", [.removeFolder(.far, "Old")],
      near: "INBOX: a | Old: b c", far: "INBOX: a"
    ).with { $0.isHeld = true },
    Self("folder-removed-with-leave", from: "INBOX: a | Old: b c", [.removeFolder(.near, "Old")], to: "INBOX: a")
      .with {
        $0.allowsDeletions = true
        $0.ways = [.sync]
      },
    Self(
      "folder-renamed-near", from: "INBOX: a | Old: b/S c", [.renameFolder(.near, "Old", to: "New")],
      to: "INBOX: a | New: b/S c"),
    Self(
      "folder-renamed-far", from: "INBOX: a | Old: b/S c", [.renameFolder(.far, "Old", to: "New")],
      to: "INBOX: a | New: b/S c"),
    Self(
      "flat-folders", from: "INBOX: a/S b | Old: | Lists/swift: c",
      [
        .removeFolder(.far, "Old"), .makeFolder(.near, "Lists/new"), .deliver(.near, "d", to: "Lists/new"),
        .move(.near, "a", to: "Lists/swift"),
      ], to: "INBOX: b | Lists/swift: a/S c | Lists/new: d"
    ).with { $0.layout = .maildirPlusPlus },
  ]

  static let disasters: [CrashScenario] = [
    Self("new-uidvalidity", from: "INBOX: a/S b c", [.renumber("INBOX")], to: "INBOX: a/S b c")
      .with { $0.hasFoundBug = true },
    Self(
      "new-uidvalidity-and-changes", from: "INBOX: a/S b c",
      [
        .renumber("INBOX"), .deliver(.far, "d", to: "INBOX"), .mark(.near, "b", "F"), .deliver(.near, "e", to: "INBOX"),
      ],
      to: "INBOX: a/S b/F c d e"),
    Self(
      "mailbox-made-anew", from: "INBOX: a | Old: b c",
      [.removeFolder(.far, "Old"), .makeFolder(.far, "Old"), .deliver(.far, "d", to: "Old")],
      to: "INBOX: a | Old: b c d"),
    Self(
      "modification-sequences-begin-anew", from: "INBOX: a b", [.forgetModSeqs("INBOX"), .mark(.far, "a", "S")],
      to: "INBOX: a/S b"),
    Self(
      "ledger-lost", from: "INBOX: a/S b | Archive: c",
      [.loseLedger, .mark(.far, "b", "F"), .deliver(.near, "d", to: "INBOX")],
      to: "INBOX: a/S b/F d | Archive: c"
    ).with { $0.ways = [.sync] },
    Self(
      "a-bit-of-everything", from: "INBOX: a b/S c d | Archive: e f",
      [
        .mark(.near, "a", "S"), .unmark(.far, "b", "S"), .delete(.near, "c"), .move(.far, "d", to: "Archive"),
        .delete(.far, "e"), .mark(.near, "f", "F+Work"), .deliver(.far, "g", to: "INBOX"),
        .deliver(.near, "h/S", to: "Archive"), .makeFolder(.far, "Lists"), .deliver(.far, "i", to: "Lists"),
      ], to: "INBOX: a/S b g | Archive: d f/F+Work h/S | Lists: i"),
  ]
}
