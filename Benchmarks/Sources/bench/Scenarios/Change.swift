/// A change made by another client of the server, seen in the Maildir.
enum ServerChange: String, CaseIterable, Sendable {
  case append, lmtp, flag, expunge, move

  var title: String {
    switch self {
    case .append: "APPEND → file"
    case .lmtp: "LMTP → file"
    case .flag: "flag → rename"
    case .expunge: "expunge → gone"
    case .move: "MOVE → moved"
    }
  }
}

/// A change made by another program in the Maildir, seen on the server.
enum MaildirChange: String, CaseIterable, Sendable {
  case file, linked, flag, unlink, move

  var title: String {
    switch self {
    case .file: "new file, renamed in → message"
    case .linked: "new file, linked in and dated → message"
    case .flag: "rename → flag"
    case .unlink: "unlink → expunged"
    case .move: "rename to other folder → moved"
    }
  }
}
