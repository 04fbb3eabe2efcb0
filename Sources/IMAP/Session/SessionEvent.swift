/// What a session is told.
package enum SessionEvent: Sendable {
  /// Octets from the server, cut anywhere; after `.secured` the decrypted ones.
  case received([UInt8])
  /// A command to send as soon as what is before it allows. The caller bounds how many it has unanswered.
  case submit(CommandID, Command)
  /// Exactly the announced octets of `.upload` have been handed to the stream.
  case uploaded(CommandID)
  /// The TLS handshake that `.secure` asked for is done, and the certificate verified.
  case secured
  /// Ends IDLE, also one that is still on its way. Nothing happens where none is.
  case endIdle
  /// The stream ended.
  case closed
}
