extension Int {
  /// The sum, or the number nearest to it that there is: what strangers say adds up to anything (law L12).
  package func addingClamped(_ other: Int) -> Int {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? (other < 0 ? .min : .max) : sum
  }
}

extension Sequence<Int> {
  package func clampedSum() -> Int { reduce(0) { $0.addingClamped($1) } }
}
