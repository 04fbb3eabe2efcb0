internal import Mail

extension ResponseCode {
  /// Codes whose name says all that is used of them.
  static let plain: [String: ResponseCode] = [
    "ALERT": .alert, "BADCHARSET": .badCharset, "CLOSED": .closed, "PARSE": .parse, "READ-ONLY": .readOnly,
    "READ-WRITE": .readWrite, "REFERRAL": .referral, "TRYCREATE": .tryCreate, "UIDNOTSTICKY": .uidNotSticky,
    "UNSEEN": .unseen, "ALREADYEXISTS": .alreadyExists, "AUTHENTICATIONFAILED": .authenticationFailed,
    "AUTHORIZATIONFAILED": .authorizationFailed, "CANNOT": .cannot, "CLIENTBUG": .clientBug,
    "CONTACTADMIN": .contactAdmin, "CORRUPTION": .corruption, "EXPIRED": .expired, "EXPUNGEISSUED": .expungeIssued,
    "HASCHILDREN": .hasChildren, "INUSE": .inUse, "LIMIT": .limit, "NONEXISTENT": .nonExistent,
    "NOPERM": .noPermission, "OVERQUOTA": .overQuota, "PRIVACYREQUIRED": .privacyRequired, "SERVERBUG": .serverBug,
    "UNAVAILABLE": .unavailable, "NOMODSEQ": .noModSeq, "BADEVENT": .badEvent,
    "NOTIFICATIONOVERFLOW": .notificationOverflow, "TOOBIG": .tooBig, "INPROGRESS": .inProgress,
    "THROTTLED": .throttled,
  ]

  private static let plainNames: [(code: ResponseCode, name: String)] = plain.map { ($0.value, $0.key) }
}

extension ResponseCode: CustomStringConvertible {
  /// As on the wire, printable.
  package var description: String {
    switch self {
    case .capability(let capabilities): "CAPABILITY \(capabilities)"
    case .permanentFlags(let flags): "PERMANENTFLAGS \(flags)"
    case .uidNext(let uid): "UIDNEXT \(uid)"
    case .uidValidity(let validity): "UIDVALIDITY \(validity)"
    case .highestModSeq(let sequence): "HIGHESTMODSEQ \(sequence)"
    case .appendUID(let validity, let uid): "APPENDUID \(validity) \(uid)"
    case .copyUID(let copied): "COPYUID \(copied)"
    case .modified(let set): "MODIFIED \(set)"
    case .mailboxID(let id): "MAILBOXID (\(id))"
    case .other(let name): "\(name) …"
    default: Self.plainNames.first { $0.code == self }?.name ?? "…"
    }
  }
}

extension Capabilities: CustomStringConvertible {
  package var description: String { told.map(\.name).sorted().joined(separator: " ") }
}

extension PermanentFlags: CustomStringConvertible {
  package var description: String {
    let all = flags.isEmpty ? [] : [flags.description]
    return "(" + (all + (takesNewKeywords ? ["\\*"] : [])).joined(separator: " ") + ")"
  }
}

extension CopiedUIDs: CustomStringConvertible {
  package var description: String { "\(uidValidity) \(sources.sequenceSetText) \(destinations.sequenceSetText)" }
}
