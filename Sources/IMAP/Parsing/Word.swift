/// A word of up to 16 octets, in upper case, as one number: comparing costs nothing, and no String is made.
struct Word: Equatable, Sendable {
  private let packed: UInt128

  /// Longer ones are equal to one another, and to no word known here.
  init(_ octets: some Collection<UInt8>) {
    guard octets.count <= 16 else {
      packed = .max
      return
    }
    packed = octets.reduce(0) { $0 << 8 | UInt128(Self.uppercase($1)) }
  }

  init(_ text: String) { self.init(text.utf8) }

  static func uppercase(_ octet: UInt8) -> UInt8 { (0x61...0x7A).contains(octet) ? octet & 0xDF : octet }

  static let ok = Word("OK")
  static let no = Word("NO")
  static let bad = Word("BAD")
  static let bye = Word("BYE")
  static let preauth = Word("PREAUTH")

  static let capability = Word("CAPABILITY")
  static let enabled = Word("ENABLED")
  static let exists = Word("EXISTS")
  static let recent = Word("RECENT")
  static let expunge = Word("EXPUNGE")
  static let vanished = Word("VANISHED")
  static let fetch = Word("FETCH")
  static let list = Word("LIST")
  static let lsub = Word("LSUB")
  static let status = Word("STATUS")
  static let search = Word("SEARCH")
  static let esearch = Word("ESEARCH")
  static let namespace = Word("NAMESPACE")
  static let id = Word("ID")

  static let uid = Word("UID")
  static let flags = Word("FLAGS")
  static let internalDate = Word("INTERNALDATE")
  static let rfc822Size = Word("RFC822.SIZE")
  static let modSeq = Word("MODSEQ")
  static let emailID = Word("EMAILID")
  static let envelope = Word("ENVELOPE")
  static let body = Word("BODY")
  static let `nil` = Word("NIL")

  static let messages = Word("MESSAGES")
  static let uidNext = Word("UIDNEXT")
  static let uidValidity = Word("UIDVALIDITY")
  static let unseen = Word("UNSEEN")
  static let deleted = Word("DELETED")
  static let size = Word("SIZE")
  static let highestModSeq = Word("HIGHESTMODSEQ")
  static let mailboxID = Word("MAILBOXID")
  static let appendLimit = Word("APPENDLIMIT")

  static let all = Word("ALL")
  static let min = Word("MIN")
  static let max = Word("MAX")
  static let count = Word("COUNT")
  static let tag = Word("TAG")
  static let earlier = Word("EARLIER")
  static let oldName = Word("OLDNAME")
  static let childInfo = Word("CHILDINFO")
  static let copyUID = Word("COPYUID")
}
