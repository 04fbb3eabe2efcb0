package import Mail

extension MailClient {
  /// Asks for the folder's STATUS until it `isReached`, every 2 ms unless said otherwise; the moment of the answer.
  ///
  /// Polling, and not a push, because it also measures servers that push late: Dovecot holds pushes back for 500 ms.
  @discardableResult
  package func waitForStatus(
    of folder: FolderName = .inbox, within limit: Duration = .seconds(20), every interval: Duration = .milliseconds(2),
    _ isReached: @Sendable (FolderStatus) -> Bool
  ) throws -> ContinuousClock.Instant {
    var last: FolderStatus?
    return try poll(within: limit, every: interval, "STATUS of \(folder)", { last.map { "\($0)" } ?? "" }) {
      let status = try status(folder)
      last = status
      return isReached(status)
    }
  }

  /// Waits until the folder has so many messages.
  @discardableResult
  package func waitForMessages(
    _ count: Int, in folder: FolderName = .inbox, within limit: Duration = .seconds(20)
  ) throws -> ContinuousClock.Instant {
    try waitForStatus(of: folder, within: limit) { $0.messages == count }
  }

  /// Asks for the flags of all messages until they are as wished; the moment of the answer.
  @discardableResult
  package func waitForFlags(
    in folder: FolderName = .inbox, within limit: Duration = .seconds(20),
    _ isReached: @Sendable ([UID: FlagSet]) -> Bool
  ) throws -> ContinuousClock.Instant {
    var last: [UID: FlagSet] = [:]
    return try poll(within: limit, every: .milliseconds(2), "flags in \(folder)", { "\(last)" }) {
      last = try flags(in: folder)
      return isReached(last)
    }
  }

  /// Waits until the server lists a folder, or no longer does.
  @discardableResult
  package func waitForFolder(
    _ folder: FolderName, exists: Bool, within limit: Duration = .seconds(20)
  ) throws -> ContinuousClock.Instant {
    try poll(within: limit, every: .milliseconds(2), "folder \(folder) to \(exists ? "appear" : "go")", { "" }) {
      try folders().contains(folder) == exists
    }
  }

  /// Waits until all of the user's mail is as wished. Reads all of it at each look, so it looks less often.
  package func waitForTree(
    within limit: Duration = .seconds(20), _ isReached: @Sendable ([FolderName: [Message]]) -> Bool
  ) throws {
    var last: [FolderName: Int] = [:]
    _ = try poll(within: limit, every: .milliseconds(20), "all mail", { "\(last)" }) {
      let tree = try tree()
      last = tree.mapValues(\.count)
      return isReached(tree)
    }
  }

  /// Waits until the server has these folders and no others. To read one that is just being removed or renamed would
  /// cost the connection.
  package func waitForFolders(_ wanted: Set<FolderName>, within limit: Duration = .seconds(20)) throws {
    var found: Set<FolderName> = []
    _ = try poll(within: limit, every: .milliseconds(5), "folders", { "\(found)" }) {
      found = try folders(besides: wanted)
      return found == wanted
    }
  }

  /// Idles in the folder until a pushed line is wanted; gives all that were pushed.
  package func idle(
    in folder: FolderName = .inbox, within limit: Duration = .seconds(20), until isWanted: @Sendable (String) -> Bool
  ) throws -> [String] {
    try ensureSelected(folder)
    let deadline = Deadline(in: limit)
    let tag = tag()
    try send("\(tag) IDLE")
    var pushed: [String] = []
    var (isIdling, isFound) = (false, false)
    while !isFound || !isIdling {
      guard try hasInput(until: deadline) else {
        throw SupportError("\(user): nothing wanted was pushed in \(folder) within \(limit), but \(pushed)")
      }
      let text = try nextResponse(until: deadline).text
      if text.hasPrefix("+") {
        isIdling = true
      } else {
        pushed.append(text)
        if isWanted(text) { isFound = true }
      }
    }
    try send("DONE")
    while true {
      let text = try nextResponse(until: deadline).text
      if text.hasPrefix(tag) { return pushed }
      pushed.append(text)
    }
  }

  private func poll(
    within limit: Duration, every interval: Duration, _ what: String, _ last: () -> String,
    _ isReached: () throws -> Bool
  ) throws -> ContinuousClock.Instant {
    let deadline = Deadline(in: limit)
    while true {
      if try isReached() { return ContinuousClock.now }
      guard !deadline.hasPassed else {
        throw SupportError("\(user): waited \(limit) in vain for \(what); last seen: \(last())")
      }
      // Nothing comes unasked here: this is the pause between two questions, ended early by a push.
      _ = try hasInput(until: Deadline(in: interval))
    }
  }
}
