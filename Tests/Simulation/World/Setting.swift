package import Engine
package import Mail
package import Maildir
package import Support

/// What kind of world a seed makes: the server, the disk, the network, the folders.
package struct Setting: Sendable {
  package static let root = "/home/user/Mail"
  package static let host = "imap.example.org"
  /// Must be seen nowhere but in a login (law L13).
  package static let password = "correct-horse-Battery9"

  package var seed: UInt64 = 0
  package var layout = MaildirLayout.nested
  package var traits = DiskTraits()
  package var diskTrouble = DiskTrouble()
  package var server = ServerProfile()
  package var conditions = NetworkConditions()
  package var maxConnections = 5
  package var deletionRules = DeletionRules()
  /// False: `martlet sync` again and again, as from cron.
  package var isDaemon = true
  /// Every line on the wire goes into the log, as with `--verbose`.
  package var isTraced = false
  package var folders: [FolderName] = [.inbox]
  /// Messages on each side at first; the first of them are the same.
  package var mailOnBothSides = 0
  package var mailOnOneSide = 0

  package init() { server.password = Self.password }

  private static let names = [
    "Archive", "Sent Items", "Lists/swift", "Lists", "Ünïcode ☃", "a.b", "INBOX/sub", "~tilde", "..", ".hidden", "cur",
    "new", "tmp", "x ", "&amp", "100%", "%2Ftmp", "Entwürfe/März", "very/deep/down/below", "E\u{301}clair",
    "\u{202E}bidi",
    "-rf", "$HOME", "a\\b", "q\"q", "Ärger*%", "inbox2", "Cc\tTab", "Trash", "Spam",
  ]

  package static func drawn(_ seed: UInt64) -> Setting {
    var dice = Dice(seed: seed &* 0x9E37_79B9 &+ 1)
    var setting = Setting()
    setting.seed = seed
    setting.layout = dice.happens(50) ? .nested : .maildirPlusPlus
    setting.drawServer(&dice)
    setting.drawDisk(&dice)
    if dice.happens(70) { setting.conditions = .lively }
    if dice.happens(5) { setting.conditions.pieceMax = 1 + dice.below(40) }
    setting.maxConnections = 1 + dice.below(5)
    setting.isDaemon = dice.happens(85)
    setting.isTraced = dice.happens(5)
    setting.mailOnBothSides = dice.below(8)
    setting.mailOnOneSide = dice.below(6)
    if dice.happens(10) { setting.mailOnBothSides += 30 }
    setting.drawFolders(&dice)
    return setting
  }

  private mutating func drawServer(_ dice: inout Dice) {
    var missing: ServerExtensions = []
    if dice.happens(60) {
      for (known, _) in ServerExtensions.names where dice.happens(20) { missing.insert(known) }
    }
    if dice.happens(5) { missing = .everything }
    var profile = ServerProfile(ServerExtensions.everything.without(missing))
    profile.password = Self.password
    if missing.contains(.literalPlus), dice.happens(30) { profile.extensions.insert(.literalMinus) }
    if dice.happens(30) { profile.separator = UInt8(ascii: ".") }
    if dice.happens(15), profile.extensions.contains(.namespace) {
      profile.namespacePrefix = "INBOX" + String(UnicodeScalar(profile.separator))
    }
    if dice.happens(40) { profile.surprisePercent = 5 + dice.below(40) }
    if dice.happens(30) { profile.pushDelay = .milliseconds(dice.below(1500)) }
    if dice.happens(30) { profile.answerDelay = .milliseconds(dice.below(200)) }
    profile.remembersExpunges = dice.happens(80)
    profile.tellsUIDNextInSelect = dice.happens(90)
    profile.tellsCapabilities = dice.happens(80)
    profile.hidesCapabilitiesBeforeLogin = dice.happens(30)
    profile.pushesUIDs = dice.happens(20)
    profile.offersAuthPlain = dice.happens(80)
    profile.notifiesInUTF8 = dice.happens(20)
    profile.answersBeforeNews = dice.happens(50)
    if dice.happens(10) { profile.keywords = .only(["$Forwarded", "Work"]) }
    server = profile
  }

  private mutating func drawDisk(_ dice: inout Dice) {
    if dice.happens(30) { traits.journal = .byDirectory }
    traits.hasHardLinks = dice.happens(90)
    // Without either, nothing can be put anywhere without the danger of replacing something.
    traits.hasExclusiveRename = !traits.hasHardLinks || dice.happens(90)
    traits.timeStep = dice.pick([1, 4_000_000, 4_000_000, 1_000_000_000])
    if dice.happens(50) { diskTrouble.latency = .microseconds(dice.below(4000)) }
    if dice.happens(20) { diskTrouble.entriesPerListingStep = 1 + dice.below(4) }
    if dice.happens(20) { diskTrouble.eventDelay = .milliseconds(dice.below(50)) }
  }

  private mutating func drawFolders(_ dice: inout Dice) {
    let naming = MailboxNamingProbe(server)
    for _ in 0..<(1 + dice.below(4)) {
      let name = dice.happens(40) ? "Archive" : dice.pick(Self.names)
      guard let folder = usable(name, naming), !folders.contains(folder) else { continue }
      folders.append(folder)
    }
  }

  /// A folder that both sides can have.
  func usable(_ name: String, _ naming: MailboxNamingProbe) -> FolderName? {
    guard let folder = FolderName(name), naming.canHave(folder) else { return nil }
    do {
      _ = try layout.directory(of: folder)
      return folder
    } catch {
      return nil
    }
  }

  /// For people who make new folders.
  package func drawnFolder(_ dice: inout Dice) -> FolderName? {
    usable(dice.happens(30) ? "New \(dice.below(4))" : dice.pick(Self.names), MailboxNamingProbe(server))
  }
}
