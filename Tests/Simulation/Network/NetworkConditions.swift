/// How the simulated network is doing. Everything can be switched at any moment.
package struct NetworkConditions: Sendable {
  /// One way, for each piece anew.
  package var delayMin = Duration.zero
  package var delayMax = Duration.zero
  /// Of 100 pieces of data, how many are torn at some place.
  package var splitPercent = 0
  /// Longest piece that arrives at once: 1 is octet by octet.
  package var pieceMax = Int.max
  /// Nobody is reached: dialing fails at once.
  package var isDown = false
  /// Dialing is never answered, and fails after `dialTimeout`.
  package var swallowsDials = false
  package var dialTimeout = Duration.seconds(30)
  /// The host is there, and nobody listens.
  package var refuses = false
  /// The certificate is not the server's: dialing and STARTTLS fail as untrusted.
  package var isUntrusted = false

  package init() {}

  /// As between two cities, with tears and merges.
  package static var lively: NetworkConditions {
    var conditions = NetworkConditions()
    conditions.delayMin = .milliseconds(5)
    conditions.delayMax = .milliseconds(30)
    conditions.splitPercent = 30
    return conditions
  }
}
