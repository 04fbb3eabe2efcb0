/// Durations that were measured, and how often nothing came that could be measured.
struct Samples {
  private(set) var milliseconds: [Double] = []
  private(set) var missed = 0

  mutating func add(_ duration: Duration) { milliseconds.append(duration / .milliseconds(1)) }
  mutating func addMiss() { missed += 1 }

  var count: Int { milliseconds.count }
  var median: Double? { quantile(0.5) }
  var percentile95: Double? { quantile(0.95) }
  var greatest: Double? { milliseconds.max() }

  /// Between the two nearest samples, as most people's tools do it (type 7 of Hyndman and Fan).
  private func quantile(_ share: Double) -> Double? {
    guard !milliseconds.isEmpty else { return nil }
    let sorted = milliseconds.sorted()
    let position = share * Double(sorted.count - 1)
    let lower = Int(position)
    let upper = min(lower + 1, sorted.count - 1)
    return sorted[lower] + (sorted[upper] - sorted[lower]) * (position - Double(lower))
  }
}
