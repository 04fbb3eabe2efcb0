import Mail
import Reconciliation

/// A checkpoint as a line that a person can read in the file:
/// `imap validity 3 next 4392 modseq 715 messages 172` (`next ?` where the server does not tell), or
/// `maildir cur TIME@INODE new TIME@INODE settled` (or `unsettled`).
enum CheckpointText {
  static func text(_ checkpoint: Checkpoint) -> String {
    switch checkpoint {
    case .imap(let mailbox):
      let next = mailbox.uidNext.map(\.description) ?? "?"
      return """
        imap validity \(mailbox.uidValidity) next \(next) modseq \(mailbox.highestModSeq) \
        messages \(mailbox.messageCount)
        """
    case .maildir(let maildir):
      return """
        maildir cur \(maildir.curModified)@\(maildir.curInode) new \(maildir.newModified)@\(maildir.newInode) \
        \(maildir.isSettled ? "settled" : "unsettled")
        """
    }
  }

  /// Nil for a line that cannot be read: the next look is then wide, which costs time and nothing else.
  static func checkpoint(_ text: String) -> Checkpoint? {
    let words = text.split(separator: " ")
    switch words.first {
    case "imap": return mailbox(words).map(Checkpoint.imap)
    case "maildir": return maildir(words).map(Checkpoint.maildir)
    default: return nil
    }
  }

  private static func mailbox(_ words: [Substring]) -> MailboxCheckpoint? {
    guard words.count == 9, words[1] == "validity", words[3] == "next", words[5] == "modseq", words[7] == "messages",
      let validity = UInt32(words[2]), let modSeq = UInt64(words[6]), let count = Int(words[8])
    else { return nil }
    var next: UID?
    if words[4] != "?" {
      next = UInt32(words[4]).flatMap(UID.init(rawValue:))
      guard next != nil else { return nil }
    }
    return MailboxCheckpoint(
      uidValidity: UIDValidity(rawValue: validity), uidNext: next, highestModSeq: ModSequence(rawValue: modSeq),
      messageCount: count)
  }

  private static func maildir(_ words: [Substring]) -> MaildirCheckpoint? {
    guard words.count == 6, words[1] == "cur", words[3] == "new", words[5] == "settled" || words[5] == "unsettled",
      let cur = stamp(words[2]), let new = stamp(words[4])
    else { return nil }
    return MaildirCheckpoint(
      curModified: cur.time, newModified: new.time, curInode: cur.inode, newInode: new.inode,
      isSettled: words[5] == "settled")
  }

  private static func stamp(_ word: Substring) -> (time: Int64, inode: UInt64)? {
    let halves = word.split(separator: "@")
    guard halves.count == 2, let time = Int64(halves[0]), let inode = UInt64(halves[1]) else { return nil }
    return (time, inode)
  }
}
