/// Where other programs of the same user reach this one: a Unix socket that listens.
@Loop
package protocol LocalListener: AnyObject, Sendable {
  /// The next connection; its other end is known to be of our own user, or root. Throws when cancelled or closed.
  func accept() async throws(CancellationError) -> any ByteStream

  /// Listens no more, and takes the socket's name away.
  func close()
}
