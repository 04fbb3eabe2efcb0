/// What a scenario has to show: its table, and what makes the figures doubtful or wrong.
struct Outcome {
  var title: String
  var markdown: String
  /// Differences between sides, misses of martlet, programs that ended: each makes the run a failure.
  var problems: [String] = []
}
