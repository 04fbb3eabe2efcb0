import Ports

/// Ends a connection whose server is silent although an answer is due, or says so little that it would never be done. It
/// costs one timer while something is awaited, and nothing otherwise.
@Loop
final class AnswerWatchdog {
  weak var owner: IMAPConnection?
  var limit: Duration
  private(set) var lastSign: LoopInstant
  private let clock: any LoopClock
  private var holds = 0
  private var task: Task<Void, Never>?

  init(_ clock: any LoopClock, limit: Duration) {
    self.clock = clock
    self.limit = limit
    lastSign = clock.now
  }

  /// For one silence, instead of `limit`.
  private var tightened: Duration?

  /// In which time how much has to come while an answer is due. An octet now and then ends every silence.
  struct Pace {
    let time: Duration
    let octetsMin: Int

    /// Each step of a login has an end.
    static let loginStepMax: Duration = .seconds(120)
    static let slowAnswerMax: Duration = .seconds(600)

    static let login = Pace(time: loginStepMax, octetsMin: .max)
    static let work = Pace(time: slowAnswerMax, octetsMin: 16 << 10)
  }

  var pace = Pace.login
  private var stretchBegan = LoopInstant(nanoseconds: 0)
  private var octetsHeard = 0

  /// The server has taken something, or the silence begins only now.
  func sign() {
    lastSign = clock.now
    beginStretch()
  }

  /// An answer was complete: the next may take its time.
  func beginStretch() { (stretchBegan, octetsHeard) = (clock.now, 0) }

  /// The server was heard.
  func heard(_ octets: Int) {
    tightened = nil
    lastSign = clock.now
    octetsHeard += octets
  }

  /// From here to `release()` it is not the server that is waited for.
  func hold() { holds += 1 }

  func release() {
    holds -= 1
    if holds == 0 { sign() }
  }

  func expectsMore() {
    guard task == nil, owner?.isExpecting == true else { return }
    beginStretch()
    task = Loop.task { await self.watch() }
  }

  /// Silence from now on is believed sooner, until something is heard.
  func tighten(to limit: Duration) {
    tightened = limit
    sign()
    task?.cancel()
    task = nil
    expectsMore()
  }

  func stop() {
    task?.cancel()
    task = nil
  }

  private func watch() async {
    while let owner, owner.isExpecting {
      let limit = tightened ?? self.limit
      let due = (holds > 0 ? clock.now : lastSign).advanced(by: limit)
      if due <= clock.now {
        owner.fail(
          StoreError(.account, .unavailable, "\(owner.title): no answer for \(limit.components.seconds) s"))
        return
      }
      let stretchEnds = stretchBegan.advanced(by: pace.time)
      if stretchEnds <= clock.now {
        guard holds > 0 || octetsHeard >= pace.octetsMin else {
          owner.fail(
            StoreError(
              .account, .unavailable,
              "\(owner.title): no end of an answer in \(pace.time.components.seconds) s, and next to nothing of it"))
          return
        }
        beginStretch()
        continue
      }
      do { try await clock.sleep(until: min(due, stretchEnds), tolerance: nil) } catch { return }
    }
    if !Task.isCancelled { task = nil }
  }
}
