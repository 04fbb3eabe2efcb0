/// Departures from the RFCs that are tolerated, each with who was seen doing it, and when.
package struct Quirks: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `* OK [HIGHESTMODSEQ 7]` without text: Gmail, 2023 (modern-email/defects#28); mail.ru, 2020. `A1 OK` alone:
  /// Exchange, 2019 (OfflineIMAP#623).
  package static let missingText = Quirks(rawValue: 1 << 0)
  /// `+` without a space behind it: Yandex, 2019 (imap-proto#67); public-inbox, 2024 (modern-email/defects#7).
  package static let bareContinuation = Quirks(rawValue: 1 << 1)
  /// `* STATUS INBOX ()`: mail.163.com, 2023 (modern-email/defects#15).
  package static let emptyStatus = Quirks(rawValue: 1 << 2)
  /// `*  522 EXISTS`: DavMail as a sign of life, 2019 (davmail#41); within FETCH, 2026 (davmail#454). Within
  /// CAPABILITY: imap-n.global-mail.cn, 2024 (go-imap#653).
  package static let doubledSpaces = Quirks(rawValue: 1 << 3)
  /// `* STATUS INBOX (MESSAGES 0) `: Exchange, 2024 (imap-codec#468); after CAPABILITY: imap.exmail.qq.com, 2024
  /// (modern-email/defects#21).
  package static let trailingSpace = Quirks(rawValue: 1 << 4)
  /// `[COPYUID 52 86 1146]` without `* OK` before it, after MOVE: Exchange 2013, 2019 (parsedmarc#80, net-imap#250).
  package static let bareCopyUID = Quirks(rawValue: 1 << 5)
  /// `UIDNEXT 0`, `UIDVALIDITY 0` or `HIGHESTMODSEQ 0`: Exchange behind a proxy, 2015 (MailKit#240); Purelymail for an
  /// empty mailbox (purelymail-issues#446).
  package static let zeroState = Quirks(rawValue: 1 << 6)
  /// `UID 12 FLAGS (\Seen))` right behind the octets of BODY[]: Office 365, 2014 (HaskellNet#15).
  package static let missingSpace = Quirks(rawValue: 1 << 7)
  /// 8-bit octets in a mailbox name, which is UTF-8 then: Dovecot 2.3.19, tried here, in the LIST and STATUS lines of
  /// NOTIFY, while LIST itself answers in modified UTF-7. See `MailboxNaming.mailbox(meantBy:isKnown:)`. Servers of
  /// IMAP4rev2 alone do so rightly.
  package static let eightBitNames = Quirks(rawValue: 1 << 8)

  private static let names: [(quirk: Quirks, name: String)] = [
    (.missingText, "missing text"), (.bareContinuation, "bare continuation"), (.emptyStatus, "empty STATUS"),
    (.doubledSpaces, "doubled spaces"), (.trailingSpace, "trailing space"), (.bareCopyUID, "bare COPYUID"),
    (.zeroState, "zero state"), (.missingSpace, "missing space"), (.eightBitNames, "8-bit names"),
  ]
}

extension Quirks {
  /// LIST goes on naming a mailbox that was deleted from above others as one to be opened; that it is gone is only said
  /// in words, in a NO to SELECT or STATUS: Dovecot 2.3.19 with Maildir and a list index, tried here.
  package static func saysPhantomName(_ text: String) -> Bool { text.hasPrefix("Mailbox doesn't exist") }

  /// A session that knew a mailbox whose index was made anew refuses to open it for ever, where another one would:
  /// Dovecot 2.3.19 with Maildir, tried here.
  package static func saysOutdatedSession(_ text: String) -> Bool { text.hasPrefix("Mailbox was deleted under us") }

  /// Said of a mailbox that was made anew, in the middle of an IDLE that tells nothing more: Dovecot 2.3.19, tried here.
  package static func saysInternalError(_ text: String) -> Bool { text.hasPrefix("Internal error occurred") }
}

extension Quirks: CustomStringConvertible {
  package var description: String {
    Self.names.filter { contains($0.quirk) }.map(\.name).joined(separator: ", ")
  }
}
