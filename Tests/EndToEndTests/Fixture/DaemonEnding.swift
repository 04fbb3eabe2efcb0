import Support

extension ChildProcess {
  /// Calls `body` while the daemon runs, and ends the daemon whatever comes of that, which must end it in order. A
  /// failure tells what the daemon said, and `more`.
  func asDaemon(_ body: (ChildProcess) async throws -> Void, more: () -> String = { "" }) async throws {
    do {
      try await body(self)
      let ending = await stop()
      guard ending == .exited(0) else { throw SupportError("martlet \(ending)") }
    } catch {
      await stop(grace: .seconds(1))
      throw SupportError("\(error)\nmartlet said:\n\(standardErrors)\(more())")
    }
  }
}
