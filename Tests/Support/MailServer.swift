import Mail

/// A private IMAP server on 127.0.0.1: what the tests ask of Dovecot and of Cyrus alike.
///
/// Every user name is a user.
package protocol MailServer: AnyObject, Sendable {
  /// IMAP without TLS, and with STARTTLS.
  var plainPort: UInt16 { get }
  /// IMAP over implicit TLS.
  var tlsPort: UInt16 { get }
  /// The certificate to trust, PEM.
  var authorityFile: String { get }
  /// The password of every user.
  var password: String { get }
  /// What the server told so far. (Cyrus tells next to nothing: it logs to syslog only.)
  var log: String { get }

  /// Delivers a message to the user's INBOX as a mail transfer agent does.
  func deliver(_ message: [UInt8], to user: String) async throws
  /// Starts the server where it is not running, on the same ports and with the same mail as before.
  func start() async throws
  /// Stops the server with all of its sessions. Nothing of it runs afterwards.
  func stop() async
}

extension MailServer {
  package static var host: String { "127.0.0.1" }

  /// Runs `body` with the server, and stops it whatever comes of that.
  func whileRunning<Result: Sendable>(_ body: (Self) async throws -> Result) async throws -> Result {
    do {
      let result = try await body(self)
      await stop()
      return result
    } catch {
      await stop()
      throw error
    }
  }

  package func restart() async throws {
    await stop()
    try await start()
  }

  /// A client logged in as `user`.
  package func client(_ user: String) async throws -> MailClient {
    try await MailClient.connect(port: plainPort, user: user, password: password)
  }
}
