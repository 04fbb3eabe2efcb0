package import IMAP
package import Mail
package import Ports
package import Support

/// An IMAP server that speaks bytes, for simulated worlds: its mailboxes, whoever is connected, and other clients, who
/// change the mailboxes at once (`SimulatedServer+Others`).
///
///     network ──bytes──► ServerSession ──► SimulatedMailbox ◄── other clients
///                 ◄──── what the session's protocol lets it be told of changes
///
/// It promises what the RFCs promise, and no more: a session sees the mailbox as it was last told of it; message numbers
/// change only where they may; VANISHED takes the place of EXPUNGE after ENABLE QRESYNC; a push comes in IDLE and under
/// NOTIFY only. Deterministic: everything happens in the step in which its octets arrive, and all chance is `dice`'s.
///
/// It does not simulate: \Recent, access rights, MULTIAPPEND, COMPRESS, BODYSTRUCTURE and parts of messages, the
/// addresses of ENVELOPE, searching in bodies, other users' namespaces, IMAP4rev2.
@Loop
package final class SimulatedServer {
  package var profile: ServerProfile
  package var trouble = ServerTrouble()
  package internal(set) var record = ServerRecord()
  /// Those that are connected, in the order in which they came.
  package private(set) var sessions: [ServerSession] = []
  let firstModSeq: UInt64
  let clock: any LoopClock
  let log: EventLog
  var dice: Dice
  private var boxes: [String: SimulatedMailbox] = [:]
  private var lastValidity: UInt32 = 1_000
  private var lastSession = 0

  /// Each mailbox counts its changes from `firstModSeq` on.
  package init(
    profile: ServerProfile = ServerProfile(), clock: any LoopClock, log: EventLog, dice: Dice = Dice(seed: 0),
    firstModSeq: UInt64 = 1
  ) {
    self.firstModSeq = firstModSeq
    self.profile = profile
    self.clock = clock
    self.log = log
    self.dice = dice
    boxes["INBOX"] = SimulatedMailbox(name: "INBOX", uidValidity: newValidity(), firstModSeq: firstModSeq)
  }

  // MARK: Looking

  /// Ascending by name; those, too, that only hold others.
  package var mailboxes: [SimulatedMailbox] { boxes.values.sorted { $0.name < $1.name } }

  /// By its name on the wire; INBOX in any case.
  package func mailbox(_ name: String) -> SimulatedMailbox? { boxes[canonical(name)] }

  /// How names read as folders here; the same table that martlet would make of NAMESPACE's answer.
  package var naming: MailboxNaming {
    MailboxNaming(delimiter: profile.separator, prefix: Array(profile.namespacePrefix.utf8))
  }

  /// A folder's name on the wire. The folder must be one that this server can have.
  package func name(of folder: FolderName) -> String {
    guard let name = naming.mailboxName(for: folder) else {
      preconditionFailure("this server cannot have a folder called \(folder)")
    }
    return String(decoding: name.bytes, as: UTF8.self)
  }

  package func mailbox(of folder: FolderName) -> SimulatedMailbox? {
    naming.mailboxName(for: folder).flatMap { boxes[String(decoding: $0.bytes, as: UTF8.self)] }
  }

  // MARK: Connections

  /// A client has connected. What it sends goes to the session's `receive`, its end to `ended`.
  package func accept(isConfidential: Bool, isPreauthenticated: Bool = false, _ wire: ServerWire) -> ServerSession {
    lastSession += 1
    let session = ServerSession(lastSession, self, wire, isConfidential: isConfidential)
    sessions.append(session)
    session.greet(isPreauthenticated: isPreauthenticated || profile.isPreauthenticated)
    return session
  }

  func forget(_ session: ServerSession) { sessions.removeAll { $0 === session } }

  // MARK: Changing mailboxes

  func canonical(_ name: String) -> String {
    name.utf8.count == 5 && name.uppercased() == "INBOX" ? "INBOX" : name
  }

  func newValidity() -> UInt32 {
    lastValidity += 1
    return lastValidity
  }

  func put(_ box: SimulatedMailbox) { boxes[box.name] = box }

  func take(_ name: String) -> SimulatedMailbox? { boxes.removeValue(forKey: name) }

  func children(of name: String) -> [SimulatedMailbox] {
    let start = name + String(UnicodeScalar(profile.separator))
    return mailboxes.filter { $0.name.hasPrefix(start) }
  }

  // MARK: Telling sessions

  /// What happened goes to each session that may be told, whoever did it.
  func tell(_ events: ServerEvent...) {
    for event in events {
      for session in sessions { session.hear(event) }
    }
    for session in sessions { session.pushSoon() }
  }
}

/// The way back to a client.
package struct ServerWire {
  /// Octets, to leave after a delay; in order whatever the delays.
  let send: @Loop ([UInt8], Duration) -> Void
  /// Ends the connection behind what was sent.
  let close: @Loop () -> Void

  package init(send: @escaping @Loop ([UInt8], Duration) -> Void, close: @escaping @Loop () -> Void) {
    self.send = send
    self.close = close
  }
}

/// What sessions may have to be told of.
enum ServerEvent {
  case messages(SimulatedMailbox)
  case flags(SimulatedMailbox)
  case created(String)
  case deleted(String)
  case renamed(String, to: String)
  case subscribed(String, Bool)
}
