import Mail
import Support

/// A neomutt set up for the demo's Maildir.
struct MailReader {
  let command: String

  init(in stage: Stage) throws {
    let folders = try MaildirTree(reading: stage.maildir.root).folders.keys.sorted()
    let file = try stage.folder.write(
      """
      set mbox_type = Maildir
      set folder = "\(stage.maildir.root)"
      set spoolfile = "+INBOX"
      set record = "+\(SampleAccount.sent)"
      set postponed = "+\(SampleAccount.drafts)"
      set trash = "+Trash"
      set from = "reader@example.net"
      set mail_check = 1
      set sort = reverse-date-received
      set sidebar_visible = yes
      set sidebar_width = 30
      set delete = yes
      set header_cache = ""
      unset confirmappend
      mailboxes \(folders.map { "\"+\($0)\"" }.joined(separator: " "))

      """, to: "muttrc")
    command = "neomutt -n -F \(file)"
  }
}
