import Support

/// An account in sync, with the daemon watching it.
enum Running {
  /// Calls `body` with it, and ends the daemon whatever comes of that, which must end it in order. A failure tells what
  /// the daemon said.
  static func with(
    _ server: any MailServer, messages: Int, port: UInt16? = nil, sync: [String] = [],
    _ body: (BothSides, ChildProcess) async throws -> Void
  ) async throws {
    let client = try await server.client("a")
    // Enough connections that each of the few folders here can have its IDLE.
    let place = ServerPlace.plain(server, user: "a", port: port, "max_connections = 10")
    let both = BothSides(try Installation(place, sync: sync), client)
    try await both.createOnServer(Names.work)
    try await both.append(messages)
    try await both.installation.start("-vv").asDaemon { daemon in
      try await both.settle()
      try await body(both, daemon)
    } more: {
      "\nThe server said:\n\(server.log.suffix(4_000))"
    }
  }
}
