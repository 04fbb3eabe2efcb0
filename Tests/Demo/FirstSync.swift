import Support

/// martlet is started, and everything that is on the server comes into an empty Maildir.
struct FirstSync {
  let stage: Stage
  let screen: Screen

  private static let limit = Duration.seconds(120)

  func run() async throws {
    let start = ContinuousClock.now
    try stage.daemon.start()
    let extent = stage.extent
    let seen = try await stage.maildir.wait("all of the sample mail in the Maildir", within: Self.limit) { tree in
      tree.messageCount >= extent.messages && tree.folders.count >= extent.folders
    }
    let duration = seen - start
    let rate = Int(Double(extent.bytes) / (duration / .seconds(1)))
    screen.fact(
      "first sync",
      "\(extent.messages) messages in \(Screen.milliseconds(duration)) from a standing start, "
        + "\(Screen.megabytes(rate)) a second")
    let status = try await atRest()
    screen.fact("watched now", status.watches)
    let comparison = try await Comparison(stage.remote.client, stage.maildir.root)
    guard comparison.isEqual else { throw DemoFailure("after the first sync both sides differ:\n\(comparison)") }
    screen.fact("compared", "both sides are equal, message by message")
  }

  /// Waits until martlet says that it watches all folders and has nothing left to do.
  private func atRest() async throws -> DaemonStatus {
    let deadline = Deadline(in: Self.limit)
    while true {
      let status = try await stage.daemon.status()
      if status.isAtRest { return status }
      try stage.daemon.requireRunning()
      if deadline.hasPassed { throw DemoFailure("martlet does not come to rest: \(status.accounts)") }
      try await Task.sleep(for: .milliseconds(50))
    }
  }
}
