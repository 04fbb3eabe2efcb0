import IMAP
import Mail

/// Which folders a kind of server can have.
struct MailboxNamingProbe {
  private let naming: MailboxNaming

  init(_ profile: ServerProfile) {
    naming = MailboxNaming(delimiter: profile.separator, prefix: Array(profile.namespacePrefix.utf8))
  }

  func canHave(_ folder: FolderName) -> Bool {
    guard let name = naming.mailboxName(for: folder) else { return false }
    // LIST's wildcards, which the simulated server takes in no name.
    return !name.bytes.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "%") })
  }
}
