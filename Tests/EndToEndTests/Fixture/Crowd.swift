import Testing

/// Lets only so many end-to-end tests run side by side: each is several processes on a machine of few cores, and their
/// deadlines are for a machine that is busy and not for one that is overrun.
struct Crowd: SuiteTrait, TestTrait, TestScoping {
  let isRecursive = true

  func provideScope(
    for test: Test, testCase: Test.Case?, performing body: @Sendable @concurrent () async throws -> Void
  ) async throws {
    guard testCase != nil else { return try await body() }
    await Places.shared.take()
    do {
      try await body()
    } catch {
      await Places.shared.giveBack()
      throw error
    }
    await Places.shared.giveBack()
  }
}

extension Trait where Self == Crowd {
  static var notAllAtOnce: Self { Crowd() }
}

private actor Places {
  static let shared = Places()

  private var free = 5
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func take() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func giveBack() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
