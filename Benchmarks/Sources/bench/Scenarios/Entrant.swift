import Support

/// A program in a run, with its account and the trial that measures it.
struct Entrant: Sendable {
  let contestant: any Contestant
  let account: Account
  let trial: Trial

  var isFloor: Bool { contestant.name == LatencyTable.floor }

  /// Makes an account for each program that is wanted, starts them all, and waits until each is in sync.
  static func all(_ options: Options, on server: any MailServer) async throws -> [Entrant] {
    let folders = Account.folders(options.folders)
    let corpus = Account.corpus(inbox: options.inbox, folders: folders, seed: options.seed)
    var entrants: [Entrant] = []
    for program in ["floor", "martlet", "notifier", "offlineimap"] where options.includes(program: program) {
      Progress.say("\(program): filling its account with \(corpus.count) messages, then its first sync")
      let account = try Account(server, user: "bench-\(program)", folders: folders)
      try await account.fill(corpus)
      let contestant: any Contestant =
        switch program {
        case "floor": FloorContestant(account)
        case "notifier": try NotifierChain(account)
        case "offlineimap": try OfflineIMAP(account)
        default:
          try Martlet(
            options, Martlet.Server(server, user: account.user), maildir: account.root, folders: folders.count,
            scratch: account.scratch)
        }
      do {
        try await contestant.start()
        try await account.requireEqual(contestant.likeness)
        entrants.append(
          Entrant(contestant: contestant, account: account, trial: try Trial(account, seed: options.seed)))
      } catch {
        try await contestant.stop()
        for entrant in entrants { try await entrant.contestant.stop() }
        throw error
      }
    }
    return entrants
  }
}
