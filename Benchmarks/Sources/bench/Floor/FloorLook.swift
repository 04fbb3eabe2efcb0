import Mail

/// The floor for a pass with nothing to do: LOGIN, ENABLE and one LIST with every folder's STATUS, in one write.
enum FloorLook {
  /// The time from connecting to the last answer. Blocks.
  static func run(port: UInt16, user: String, password: String, folders: Int) throws -> Duration {
    let start = ContinuousClock.now
    let wire = try Wire(port: port)
    _ = try wire.response()
    let tag = try wire.send([
      "LOGIN \(user) \(password)", "ENABLE QRESYNC",
      "LIST \"\" \"*\" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))",
    ])
    let told = try wire.finish(tag).count { $0.text.hasPrefix("* STATUS ") }
    let duration = ContinuousClock.now - start
    guard told == folders else { throw BenchError("the floor was told of \(told) folders, not of \(folders)") }
    return duration
  }
}
