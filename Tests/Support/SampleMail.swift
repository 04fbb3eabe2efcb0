package import Mail

/// Messages as people get them, made up: the same seed and number give the same bytes for ever.
package struct SampleMail: Sendable {
  package enum Kind: CaseIterable, Sendable {
    /// Short text in ASCII, with or without a thread before it.
    case plain
    /// Names, subject (encoded words) and quoted-printable text beyond ASCII.
    case international
    /// Text and HTML side by side.
    case alternative
    /// Text with base64 attachments.
    case attachment
    /// From a mailing list, with its headers, in a thread.
    case list
    /// 8-bit text without any encoding, as old programs send it: not UTF-8.
    case eightBit
    /// Lines of 990 bytes, the longest that RFC 5322 allows.
    case longLines
  }

  package let seed: UInt64
  package let number: Int
  package let kind: Kind
  package let flags: FlagSet
  package let date: InternalDate
  /// About so many bytes; the smallest message has some 300.
  package let size: Int

  /// A message of a mixed corpus: kind, size (mostly small, some of 100 KB and more), flags and date follow the seed.
  package init(seed: UInt64 = 1, number: Int, kind: Kind? = nil, size: Int? = nil) {
    var dice = Self.dice(seed, number)
    self.seed = seed
    self.number = number
    let kind = kind ?? Self.kind(&dice)
    self.kind = kind
    self.size = size ?? Self.size(of: kind, &dice)
    flags = Self.flags(&dice)
    date = InternalDate(secondsSince1970: 1_600_000_000 + Int64(number) * 977 + Int64(dice.below(900)))
  }

  package var messageID: String { "<\(number).\(seed)@sample.example.org>" }

  /// With CRLF line ends and one at the end.
  package var bytes: [UInt8] {
    var dice = Self.dice(seed ^ 0xB0D1E5, number)
    return SampleText(mail: self, dice: dice.below(1 << 30)).message()
  }

  package var draft: MailClient.Draft { MailClient.Draft(bytes, flags: flags, date: date) }

  /// `count` messages spread over `folders`, the first of which gets as many as any other.
  package static func corpus(
    count: Int, folders: [FolderName] = [.inbox], seed: UInt64 = 1, size: Int? = nil
  ) -> [(folder: FolderName, mail: SampleMail)] {
    (0..<count).map { (folders[$0 % folders.count], SampleMail(seed: seed, number: $0, size: size)) }
  }

  /// INBOX and `count - 1` folders with names as people give them, two levels deep, some beyond ASCII.
  package static func folders(_ count: Int) -> [FolderName] {
    let tops = ["Lists", "Archive", "Arbeit", "Entwürfe", "日本語", "Projects & Co"]
    return [.inbox]
      + (1..<max(1, count)).map { number in
        guard let name = FolderName(components: [tops[number % tops.count], "Folder \(number)"]) else {
          preconditionFailure("the names above are folder names")
        }
        return name
      }
  }

  private static func dice(_ seed: UInt64, _ number: Int) -> Dice {
    var dice = Dice(seed: seed &* 0x1_0000_01B3 ^ UInt64(number))
    _ = dice.next()
    return dice
  }

  private static func kind(_ dice: inout Dice) -> Kind {
    switch dice.below(100) {
    case 0..<30: .plain
    case 30..<50: .list
    case 50..<65: .alternative
    case 65..<80: .international
    case 80..<92: .attachment
    case 92..<96: .eightBit
    default: .longLines
    }
  }

  private static func size(of kind: Kind, _ dice: inout Dice) -> Int {
    switch kind {
    case .attachment: dice.happens(10) ? 200_000 + dice.below(600_000) : 10_000 + dice.below(60_000)
    case .alternative: 4_000 + dice.below(30_000)
    case .plain, .international, .list, .eightBit, .longLines: 300 + dice.below(dice.happens(20) ? 12_000 : 3_000)
    }
  }

  private static func flags(_ dice: inout Dice) -> FlagSet {
    var flags = FlagSet(dice.happens(80) ? .seen : [])
    if dice.happens(8) { flags.system.insert(.flagged) }
    if dice.happens(15) { flags.system.insert(.answered) }
    if dice.happens(1) { flags.system.insert(.draft) }
    if dice.happens(5) { flags.insert(.forwarded) }
    for name in ["$Junk", "Work", "todo"] where dice.happens(4) {
      if let keyword = Keyword(name) { flags.insert(keyword) }
    }
    return flags
  }
}
