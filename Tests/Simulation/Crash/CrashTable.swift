import Reconciliation

/// The table: isync's rows (its `run-tests.pl`: flags on either side and on both, deletions on either side and on both,
/// new mail on either side, a deletion against a flag, a mark of deletion, Trash), and what isync has none of: moves,
/// folders, keywords, the brake, new UIDVALIDITYs, a lost base.
extension CrashScenario {
  package static var table: [CrashScenario] { arrivals + flags + deletions + moves + folders + disasters }

  private static let arrivals: [CrashScenario] = [
    Self("first-download", from: nil, (1...6).map { .deliver(.far, "m\($0)/S", to: "INBOX") }, to: "INBOX: \(seen(6))")
      .with { $0.ways = [.sync] },
    Self("first-upload", from: nil, (1...6).map { .deliver(.near, "m\($0)/S", to: "INBOX") }, to: "INBOX: \(seen(6))")
      .with { $0.ways = [.sync] },
    Self(
      "first-of-two-filled-sides", from: nil,
      [
        .deliver(.near, "a/S", to: "INBOX"), .deliver(.near, "b", to: "INBOX"), .deliver(.near, "x", to: "INBOX"),
        .makeFolder(.near, "Archive"), .deliver(.near, "c", to: "Archive"), .makeFolder(.far, "Archive"),
        .deliver(.far, "a/F", to: "INBOX"), .deliver(.far, "b", to: "INBOX"), .deliver(.far, "y", to: "INBOX"),
        .deliver(.far, "c", to: "Archive"), .deliver(.far, "z", to: "Archive"),
      ], to: "INBOX: a/FS b x y | Archive: c z"
    ).with { $0.ways = [.sync] },
    Self("new-far", from: "INBOX: a", [.deliver(.far, "b/F", to: "INBOX")], to: "INBOX: a b/F"),
    Self("new-near", from: "INBOX: a", [.deliver(.near, "b/F", to: "INBOX")], to: "INBOX: a b/F"),
    Self(
      "new-on-both", from: "INBOX: a",
      [
        .deliver(.near, "b", to: "INBOX"), .deliver(.near, "c/S", to: "INBOX"), .deliver(.far, "d", to: "INBOX"),
        .deliver(.far, "e/F", to: "INBOX"),
      ], to: "INBOX: a b c/S d e/F"),
    Self(
      "many-new-on-both", from: "INBOX: a",
      (1...20).flatMap { [.deliver(.near, "n\($0)", to: "INBOX"), .deliver(.far, "f\($0)", to: "INBOX")] },
      to: "INBOX: a n*20 f*20"),
    Self(
      "same-on-both", from: "INBOX: a", [.deliver(.near, "b", to: "INBOX"), .deliver(.far, "b", to: "INBOX")],
      to: "INBOX: a b"
    ).with { $0.ways = [.sync] },
    Self(
      "new-marked-deleted", from: "INBOX: a",
      [.deliver(.near, "b/T", to: "INBOX"), .deliver(.far, "c/T", to: "INBOX")], to: "INBOX: a b/T c/T"),
    Self(
      "copied", from: "INBOX: a b | Archive: c",
      [.copy(.near, "a", to: "Archive"), .copy(.far, "b", to: "Archive")], to: "INBOX: a b | Archive: a b c"),
  ]

  private static let flags: [CrashScenario] = [
    Self("flag-near", from: "INBOX: a b", [.mark(.near, "a", "S")], to: "INBOX: a/S b"),
    Self("flag-far", from: "INBOX: a b", [.mark(.far, "a", "S")], to: "INBOX: a/S b"),
    Self(
      "flags-on-both", from: "INBOX: a/R b/S c",
      [.mark(.near, "a", "S"), .mark(.far, "a", "F"), .unmark(.near, "b", "S"), .mark(.far, "c", "S")],
      to: "INBOX: a/FRS b c/S"),
    Self(
      "same-flag-on-both", from: "INBOX: a b", [.mark(.near, "a", "F"), .mark(.far, "a", "FS")], to: "INBOX: a/FS b"),
    Self(
      "keywords", from: "INBOX: a/+Old b",
      [.mark(.near, "a", "+Work"), .mark(.far, "b", "P+Home"), .unmark(.far, "a", "+Old")],
      to: "INBOX: a/+Work b/P+Home"),
    Self(
      "keyword-that-the-server-cannot-hold", from: "INBOX: a b", [.mark(.near, "a", "S+Work")],
      near: "INBOX: a/S+Work b", far: "INBOX: a/S b"
    ).with { $0.keywords = ["$Forwarded"] },
    Self(
      "marked-deleted", from: "INBOX: a b", [.mark(.near, "a", "T"), .mark(.far, "b", "T")], to: "INBOX: a/T b/T"),
  ]

  private static let deletions: [CrashScenario] = [
    Self("deleted-near", from: "INBOX: a b c", [.delete(.near, "a"), .delete(.near, "b")], to: "INBOX: c"),
    Self("deleted-far", from: "INBOX: a b c", [.delete(.far, "a"), .delete(.far, "b")], to: "INBOX: c"),
    Self(
      "deleted-on-both", from: "INBOX: a b c d",
      [.delete(.near, "a"), .delete(.far, "b"), .delete(.near, "c"), .delete(.far, "c")], to: "INBOX: d"),
    Self(
      "deletion-against-flag", from: "INBOX: a b c",
      [.delete(.near, "a"), .mark(.far, "a", "F"), .delete(.far, "b"), .mark(.near, "b", "S")], to: "INBOX: c"),
    Self(
      "deleted-beside-a-strangers-mark", from: "INBOX: a b c", [.mark(.far, "b", "T"), .delete(.near, "a")],
      to: "INBOX: b/T c"
    ).with { $0.servers = [.full] },
    Self(
      "trash", from: "INBOX: a b c | Trash: t", [.delete(.near, "a"), .delete(.near, "b")],
      to: "INBOX: c | Trash: a b t"
    ).with { $0.trash = "Trash" },
    Self(
      "trash-that-is-not-there", from: "INBOX: a b", [.delete(.near, "a")], to: "INBOX: b | Trash: a"
    ).with { $0.trash = "Trash" },
    Self(
      "brake-near", from: "INBOX: m*30", [.empty(.far, "INBOX")], near: "INBOX: m*30", far: "INBOX:"
    ).with { $0.isHeld = true },
    Self(
      "brake-far", from: "INBOX: m*30", [.empty(.near, "INBOX")], near: "INBOX:", far: "INBOX: m*30"
    ).with { $0.isHeld = true },
    Self("emptied-with-leave", from: "INBOX: m*30", [.empty(.near, "INBOX")], to: "INBOX:")
      .with {
        $0.allowsDeletions = true
        $0.ways = [.sync]
      },
  ]

  private static let moves: [CrashScenario] = [
    Self(
      "moved-near", from: "INBOX: a/S b | Archive: c", [.move(.near, "a", to: "Archive")],
      to: "INBOX: b | Archive: a/S c"),
    Self(
      "moved-far", from: "INBOX: a/S b | Archive: c", [.move(.far, "a", to: "Archive")], to: "INBOX: b | Archive: a/S c"
    ),
    Self(
      "moved-under-a-new-name", from: "INBOX: a/S b | Archive: c", [.moveRenamed("a", to: "Archive")],
      to: "INBOX: b | Archive: a/S c"),
    Self("saved", from: "INBOX: a/S b | Archive: c", [.save("a", to: "Archive")], to: "INBOX: b | Archive: a/S c")
      .with { $0.hasFoundBug = true },
    Self(
      "moved-both-ways", from: "INBOX: a b c | Archive: d e",
      [
        .move(.near, "a", to: "Archive"), .move(.far, "b", to: "Archive"), .move(.near, "d", to: "INBOX"),
        .move(.far, "e", to: "INBOX"),
      ],
      to: "INBOX: c d e | Archive: a b"),
    Self(
      "moved-against-deletion", from: "INBOX: a b | Archive: c",
      [.delete(.near, "a"), .move(.far, "a", to: "Archive"), .delete(.far, "b"), .move(.near, "b", to: "Archive")],
      to: "INBOX: | Archive: a b c"),
    Self(
      "moved-with-a-keyword", from: "INBOX: a/+Work b | Archive: c/+Home", [.move(.near, "a", to: "Archive")],
      to: "INBOX: b | Archive: a/+Work c/+Home"),
    Self(
      "moved-against-flag", from: "INBOX: a b | Archive: c", [.move(.near, "a", to: "Archive"), .mark(.far, "b", "F")],
      to: "INBOX: b/F | Archive: a c"),
  ]

  private static func seen(_ count: Int) -> String { (1...count).map { "m\($0)/S" }.joined(separator: " ") }
}
