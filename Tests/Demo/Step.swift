/// One event in the play: what happens on one side, and how long it took until it was seen on the other.
struct Step: Sendable {
  enum Direction: String, Sendable {
    case toMaildir = "server → Maildir"
    case toServer = "Maildir → server"
  }

  /// A line of the table.
  struct Row: Sendable {
    let title: String
    let direction: Direction
  }

  struct Reading: Sendable {
    let duration: Duration
    /// What else was seen.
    var remark: String?
  }

  typealias Outcome = Result<Reading, any Error>

  /// How long a change may take, and how long one that waits for a server or a network to come back.
  static let limit = Duration.seconds(10)
  static let limitAfterTrouble = Duration.seconds(30)
  /// The pause between two steps.
  static let breath = Duration.seconds(1)

  let rows: [Row]
  private let act: @Sendable () async throws -> [Outcome]

  init(_ title: String, _ direction: Direction, _ act: @escaping @Sendable () async throws -> Reading) {
    rows = [Row(title: title, direction: direction)]
    self.act = { [.success(try await act())] }
  }

  /// A step that is seen twice; `act` gives an outcome for each row.
  init(_ rows: [Row], _ act: @escaping @Sendable () async throws -> [Outcome]) {
    self.rows = rows
    self.act = act
  }

  /// Gives the number of rows that failed.
  func play(on screen: Screen) async -> Int {
    screen.begin(rows[0])
    let outcomes: [Outcome]
    do {
      outcomes = try await act()
    } catch {
      outcomes = rows.map { _ in .failure(error) }
    }
    guard !Task.isCancelled else { return 0 }
    for (index, outcome) in outcomes.enumerated() {
      if index > 0 { screen.begin(rows[index]) }
      screen.end(outcome)
    }
    return outcomes.count { if case .failure = $0 { true } else { false } }
  }

  /// Runs `body`, and keeps what it throws.
  static func outcome(_ body: () async throws -> Reading) async -> Outcome {
    do {
      return .success(try await body())
    } catch {
      return .failure(error)
    }
  }
}
