import IMAP
import Mail
import Ports

/// A logged-in connection of the pool, and the part it plays there.
@Loop
final class PooledConnection {
  let number: Int
  let connection: IMAPConnection
  let features: ServerFeatures
  /// The folder that it idles on while nobody works with it; nil for a work connection.
  private(set) var watched: FolderName?
  private(set) var watchedMailbox: MailboxName?
  var isLeased = false
  var isUploading = false
  var lastUsed: LoopInstant
  /// Called where the watched folder was selected anew: what happened meanwhile nobody has told.
  var selectedAgain: (FolderName) -> Void = { _ in }
  private var mustSelect = false
  private let clock: any LoopClock
  private var idleTask: Task<Void, Never>?
  private var idleAnswer: CommandAnswer?
  /// Settles with whether the server has accepted the first IDLE.
  private var firstIdle = Pledge<Result<Bool, StoreError>>()

  init(number: Int, _ connection: IMAPConnection, _ features: ServerFeatures, clock: any LoopClock) {
    self.number = number
    self.connection = connection
    self.features = features
    self.clock = clock
    lastUsed = clock.now
  }

  var isOpen: Bool { connection.isOpen }

  // MARK: Watching

  /// From now on it idles on `folder`, which it has selected, whenever it is not leased.
  func watch(_ folder: FolderName, _ mailbox: MailboxName) {
    watched = folder
    watchedMailbox = mailbox
    firstIdle = Pledge()
  }

  func unwatch() {
    stopIdling()
    watched = nil
    watchedMailbox = nil
    // Whoever waits for the watch to begin waits in vain.
    firstIdle.settle(.failure(.cancelled))
  }

  /// The connection is of no use any more.
  func connectionEnded(_ error: StoreError) {
    firstIdle.settle(.failure(error))
    // It would sleep until the next renewal.
    idleTask?.cancel()
    idleTask = nil
  }

  /// True where the server has begun to push; false where it refuses IDLE.
  func isWatching() async throws(StoreError) -> Bool { try await firstIdle.wait().get() }

  func idle(after linger: Duration) {
    guard watched != nil, isOpen, idleTask == nil else { return }
    idleTask = Loop.task { await self.keepIdling(after: linger) }
  }

  /// For work: DONE leaves together with the first command.
  func stopIdling() {
    idleTask?.cancel()
    idleTask = nil
    connection.endIdle()
  }

  private func keepIdling(after linger: Duration) async {
    do {
      if linger > .zero { try await clock.sleep(until: clock.now.advanced(by: linger), tolerance: nil) }
      if let idleAnswer { _ = try await idleAnswer.completion() }
      while !Task.isCancelled, isOpen {
        try await selectAgain()
        guard !Task.isCancelled else { return }
        let answer = connection.send(.idle)
        idleAnswer = answer
        let accepted = try await connection.idleIsAccepted()
        let wasWatching = firstIdle.value != nil
        firstIdle.settle(.success(accepted))
        guard accepted else {
          // It was accepted before, and somebody relies on it.
          if wasWatching, isOpen, !Task.isCancelled {
            connection.fail(StoreError(.account, .unavailable, "\(connection.title): the server refuses IDLE now"))
          }
          return
        }
        let renewal = clock.now.advanced(by: min(connection.timing.idleRenewal, IMAPTiming.idleRenewalMax))
        try await clock.sleep(until: renewal, tolerance: nil)
        connection.endIdle()
        _ = try await answer.completion()
      }
    } catch {
      // Cancelled for work, or the connection ended, which its owner has heard from the connection itself.
    }
    if let failure = connection.failure { firstIdle.settle(.failure(failure)) }
  }

  /// Another mailbox than the selected one goes by the watched folder's name by now.
  func watchAnew() {
    mustSelect = true
    guard !isLeased else { return }
    stopIdling()
    idle(after: .zero)
  }

  /// Where work has selected something else meanwhile, or the name has gone to another mailbox.
  private func selectAgain() async throws(StoreError) {
    guard let watchedMailbox, mustSelect || connection.mailbox?.name != watchedMailbox else { return }
    // Who cancels this for work must not make the next one believe that it is done: nobody would be told.
    mustSelect = true
    let answer = try await connection.run(.select(watchedMailbox, readOnly: false, features.plainSelect))
    guard answer.isOK else {
      connection.fail(StoreError(.account, .unavailable, "\(connection.title): \(printable(answer.text))"))
      return
    }
    mustSelect = false
    if let watched { selectedAgain(watched) }
  }
}
