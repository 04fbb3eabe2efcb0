import IMAP
import Mail

/// An input as a conversation: a server's octets, and between them, behind the mark, a letter for what the caller does.
struct Conversation {
  enum Step {
    case server([UInt8])
    case caller(UInt8)
  }

  /// RS, which no server has a reason to say.
  static let mark: UInt8 = 0x1E
  let steps: [Step]

  init(_ input: [UInt8]) {
    var steps: [Step] = []
    var said: [UInt8] = []
    var rest = input[...]
    while let octet = rest.popFirst() {
      guard octet == Self.mark, let letter = rest.popFirst() else {
        said.append(octet)
        continue
      }
      if !said.isEmpty { steps.append(.server(said)) }
      said = []
      steps.append(.caller(letter))
    }
    if !said.isEmpty { steps.append(.server(said)) }
    self.steps = steps
  }
}

extension Command {
  /// What the caller sends for a letter; nil for a letter that is no command's.
  static func of(_ letter: UInt8) -> Command? {
    guard let inbox = MailboxName("INBOX"), let other = MailboxName("Entw&APw-rfe"),
      let credentials = Credentials(user: "joe", password: Secret(SecretText.password)), let uid = UID(rawValue: 7)
    else { return nil }
    let uids = UIDSet(uid...uid)
    return switch letter {
    case UInt8(ascii: "c"): .capability
    case UInt8(ascii: "n"): .noop
    case UInt8(ascii: "g"): .logout
    case UInt8(ascii: "t"): .startTLS
    case UInt8(ascii: "l"): .login(credentials)
    case UInt8(ascii: "p"): .authenticatePlain(credentials)
    case UInt8(ascii: "L"): .list(reference: .empty, pattern: inbox, returning: ListOptions(status: [.messages]))
    case UInt8(ascii: "S"): .status(other, [.messages, .uidNext])
    case UInt8(ascii: "s"): .select(inbox, readOnly: false, .condStore)
    case UInt8(ascii: "x"): .select(other, readOnly: true, .none)
    case UInt8(ascii: "i"): .idle
    case UInt8(ascii: "a"): .append(to: inbox, FlagSet(.seen), nil, size: 9)
    case UInt8(ascii: "f"): .uidFetch(.set(uids), [.uid, .flags, .size, .messageID])
    case UInt8(ascii: "b"): .uidFetch(.from(uid), [.flags, .body])
    case UInt8(ascii: "o"): .uidStore(uids, .add, FlagSet(.deleted), silent: true)
    case UInt8(ascii: "h"): .uidSearch([.all], returningAll: true)
    case UInt8(ascii: "k"): .uidCopy(uids, to: other)
    case UInt8(ascii: "m"): .uidMove(uids, to: other)
    case UInt8(ascii: "e"): .uidExpunge(uids)
    default: nil
    }
  }
}

enum SecretText {
  /// Nobody says this by chance.
  static let password = "correct horse \"battery\" staple"
}
