import IMAP
package import Mail
import Ports

/// Hears what is said on a server's connections; called on the loop, must not wait.
package typealias ProtocolTrace = @Loop @Sendable (ProtocolLine) -> Void

/// One line on a connection as a log may show it: printable, without credentials, literals by their size (laws L12, L13).
package struct ProtocolLine: Equatable, Sendable, CustomStringConvertible {
  package enum Sender: String, Sendable { case client = "C", server = "S" }

  /// The server's.
  package let title: String
  /// The connection's number in its pool.
  package let connection: Int
  /// What the connection has selected.
  package let folder: FolderName?
  package let sender: Sender
  package let text: String

  /// `imap.example.org 2 C: m5 NOOP`
  package var description: String { "\(title) \(connection) \(sender.rawValue): \(text)" }
}

extension IMAPStore {
  /// Nil where nobody listens.
  func connectionTrace(_ number: Int) -> ((ProtocolLine.Sender, String, MailboxName?) -> Void)? {
    guard let trace = settings.trace else { return nil }
    return { [weak self, title] sender, text, mailbox in
      let folder = mailbox.flatMap { self?.folder(named: $0) }
      trace(ProtocolLine(title: title, connection: number, folder: folder, sender: sender, text: text))
    }
  }
}
