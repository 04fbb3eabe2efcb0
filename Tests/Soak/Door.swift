/// Through it clients go to the server, each for one act; it is closed while the server restarts, so that each client
/// knows what came of its acts.
actor Door {
  private var inside = 0
  private var isClosed = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func pass(_ act: @Sendable () async throws -> Void) async rethrows {
    while isClosed { await change() }
    inside += 1
    defer {
      inside -= 1
      wake()
    }
    try await act()
  }

  func whileClosed(_ act: @Sendable () async throws -> Void) async rethrows {
    isClosed = true
    defer {
      isClosed = false
      wake()
    }
    while inside > 0 { await change() }
    try await act()
  }

  private func change() async { await withCheckedContinuation { waiting.append($0) } }

  private func wake() {
    let woken = waiting
    waiting = []
    for continuation in woken { continuation.resume() }
  }
}
