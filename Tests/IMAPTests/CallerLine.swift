import IMAP
import Mail

/// An `@` line of a transcript as an event.
enum CallerLine {
  static func event(_ line: String) throws -> SessionEvent {
    switch line {
    case "secured": return .secured
    case "end idle": return .endIdle
    case "closed": return .closed
    default: break
    }
    var words = line.split(separator: " ").map(String.init)
    if words.first == "uploaded" { return .uploaded(CommandID(rawValue: try number(words, 1))) }
    let id = CommandID(rawValue: try number(words, 0))
    words.removeFirst()
    return .submit(id, try command(words))
  }

  private static func command(_ words: [String]) throws -> Command {
    switch words.first {
    case "capability": return .capability
    case "noop": return .noop
    case "logout": return .logout
    case "id": return .id([IDField(name: "name", value: "martlet")])
    case "starttls": return .startTLS
    case "login": return .login(try credentials(words))
    case "plain": return .authenticatePlain(try credentials(words))
    case "enable": return .enable(words.dropFirst().map { Capability($0) })
    case "namespace": return .namespace
    case "list": return .list(reference: .empty, pattern: try name("*"), returning: .none)
    case "list-status":
      let options = ListOptions(specialUse: true, subscribed: true, status: [.messages, .uidNext, .highestModSeq])
      return .list(reference: .empty, pattern: try name("*"), returning: options)
    case "lsub": return .lsub(reference: .empty, pattern: try name("*"))
    case "status": return .status(try name(words, 1), [.messages, .uidNext, .uidValidity])
    case "select": return .select(try name(words, 1), readOnly: false, .none)
    case "examine": return .select(try name(words, 1), readOnly: true, .condStore)
    case "qresync":
      let validity = UIDValidity(rawValue: UInt32(try number(words, 2)))
      return .select(
        try name(words, 1), readOnly: false, .qresync(validity, ModSequence(rawValue: try number(words, 3))))
    case "idle": return .idle
    case "notify": return .notify(NotifyRequest(selectedItems: [.uid, .flags, .body]))
    case "append": return .append(to: try name(words, 1), FlagSet(.seen), nil, size: Int(try number(words, 2)))
    case "create": return .create(try name(words, 1))
    default: return try messageCommand(words)
    }
  }

  private static func messageCommand(_ words: [String]) throws -> Command {
    switch words.first {
    case "fetch": return .uidFetch(.set([1, 2, 3]), [.uid, .flags])
    case "fetch-new": return .uidFetch(.from(try uid(words, 1)), [.flags, .internalDate, .size, .body])
    case "fetch-since":
      let since = ModSequence(rawValue: try number(words, 1))
      return .uidFetch(.from(1), [.flags], changedSince: since)
    case "store": return .uidStore([try uid(words, 1)], .add, FlagSet(.deleted), silent: true)
    case "search": return .uidSearch([.all], returningAll: false)
    case "esearch": return .uidSearch([.all], returningAll: true)
    case "copy": return .uidCopy([try uid(words, 1)], to: try name(words, 2))
    case "move": return .uidMove([try uid(words, 1)], to: try name(words, 2))
    case "expunge": return .uidExpunge([try uid(words, 1)])
    default: throw Transcript.Unreadable(description: "no command: \(words)")
    }
  }

  private static func word(_ words: [String], _ index: Int) throws -> String {
    guard words.indices.contains(index) else { throw Transcript.Unreadable(description: "word missing: \(words)") }
    return words[index]
  }

  private static func number(_ words: [String], _ index: Int) throws -> UInt64 {
    guard let number = UInt64(try word(words, index)) else {
      throw Transcript.Unreadable(description: "number missing: \(words)")
    }
    return number
  }

  private static func uid(_ words: [String], _ index: Int) throws -> UID {
    guard let uid = UID(rawValue: UInt32(try number(words, index))) else {
      throw Transcript.Unreadable(description: "UID missing: \(words)")
    }
    return uid
  }

  private static func name(_ words: [String], _ index: Int) throws -> MailboxName { try name(try word(words, index)) }

  private static func name(_ text: String) throws -> MailboxName {
    guard let name = MailboxName(text) else { throw Transcript.Unreadable(description: "no name: \(text)") }
    return name
  }

  private static func credentials(_ words: [String]) throws -> Credentials {
    guard let credentials = Credentials(user: try word(words, 1), password: Secret(try word(words, 2))) else {
      throw Transcript.Unreadable(description: "no credentials: \(words)")
    }
    return credentials
  }
}
