/// How long each phase of dialing may take. No phase is without an end (a peer may accept and say nothing).
package struct DialDeadlines: Sendable {
  package var resolution: Duration
  package var connect: Duration
  package var tlsHandshake: Duration
  /// Between one address and the next (RFC 8305 §5: Connection Attempt Delay).
  package var stagger: Duration

  package init(
    resolution: Duration = .seconds(15), connect: Duration = .seconds(30), tlsHandshake: Duration = .seconds(30),
    stagger: Duration = .milliseconds(250)
  ) {
    self.resolution = resolution
    self.connect = connect
    self.tlsHandshake = tlsHandshake
    self.stagger = stagger
  }
}
