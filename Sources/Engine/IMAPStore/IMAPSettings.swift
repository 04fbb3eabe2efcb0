import Digests
package import Mail
package import Ports

/// Where a server is, who logs in, and how patient we are with it.
package struct IMAPSettings: Sendable {
  /// Asked at each login, so that a changed password or a refreshed token is taken up.
  package typealias PasswordSource = @Loop @Sendable () async throws(StoreError) -> Secret

  package var endpoint: Endpoint
  package var user: String
  /// Nil for a tunnel, which is logged in already.
  package var password: PasswordSource?
  /// Sends the password over a stream that others can read; only where a person said so (law L13).
  package var allowsPlaintext: Bool
  package var maxConnections: Int
  /// What ID says of us (RFC 2971).
  package var clientName: String
  package var clientVersion: String
  package var timing: IMAPTiming
  /// Is told each line that is sent or received, for a log; nil where nobody reads it, and then it costs nothing.
  package var trace: ProtocolTrace?
  /// Is told, once each, what turned out to be otherwise than the server announces, of which folder; for a log.
  package var notice: (@Loop @Sendable (_ folder: FolderName, _ text: String) -> Void)?

  package init(
    endpoint: Endpoint, user: String = "", password: PasswordSource? = nil, allowsPlaintext: Bool = false,
    maxConnections: Int = 5, clientName: String = "martlet", clientVersion: String = "",
    timing: IMAPTiming = IMAPTiming()
  ) {
    self.endpoint = endpoint
    self.user = user
    self.password = password
    self.allowsPlaintext = allowsPlaintext
    self.maxConnections = max(1, maxConnections)
    self.clientName = clientName
    self.clientVersion = clientVersion
    self.timing = timing
  }

  /// For messages to people.
  package var title: String { endpoint.title }

  /// Whose mail on which server: for two users, or two ports, the same UIDVALIDITY means nothing.
  package var place: String {
    switch endpoint {
    case .host(let host): "imap \(user)@\(host.host.lowercased()):\(host.port)"
    // A command may hold a secret, which the ledger must not (law L13).
    case .tunnel(let command): "tunnel \(user) \(Self.digest(of: command))"
    }
  }

  private static func digest(of text: String) -> MessageDigest {
    let digester = MessageDigester(of: .wire)
    // All of it is body.
    digester.update(Array("\n\(text)".utf8))
    return digester.finish().digest
  }

  var hostName: String? { if case .host(let host) = endpoint { host.host } else { nil } }

  var wantsStartTLS: Bool { if case .host(let host) = endpoint { host.security == .startTLS } else { false } }
}

/// How long things may take. Every silence ends in an error that is retried; none ends in a conclusion about mail.
package struct IMAPTiming: Sendable, Hashable {
  /// Greeting and login: servers delay refused logins by up to 15 s on purpose.
  package var login: Duration = .seconds(40)
  /// Silence while an answer is due. Any octet from the server, an INPROGRESS among them, starts it anew, and so does
  /// each piece of an upload that it takes.
  package var answer: Duration = .seconds(90)
  /// RFC 2177 §3 wants IDLE renewed within 29 minutes; NAT boxes forget connections after 10.
  package var idleRenewal: Duration = .seconds(9 * 60)
  /// RFC 2177 §3, with a minute for the way.
  package static let idleRenewalMax = Duration.seconds(28 * 60)
  /// After a suspend or a change of network a living server answers a NOOP soon.
  package var probe: Duration = .seconds(10)
  /// A connection unused for so long is probed before it is relied on: a NAT may have forgotten it.
  package var staleAfter: Duration = .seconds(5 * 60)
  /// Between the end of one step on a watched folder and IDLE: a next step within it need not wait for IDLE's `+`.
  package var idleLinger: Duration = .milliseconds(30)
  /// For folders without push.
  package var poll: Duration = .seconds(60)
  /// Under every push, because some servers announce it and never push.
  package var slowPoll: Duration = .seconds(15 * 60)
  /// How long a push may come after a poll has seen the change: Dovecot waits 0.5 s, for a rename 1.5 s.
  package var pushGrace: Duration = .seconds(5)
  /// After the server told by NOTIFY of a change, until it is asked anew to tell.
  package var notifyRenewal: Duration = .seconds(10)
  /// After a server took no more connections, until one more is tried.
  package var limitRetry: Duration = .seconds(300)
  /// For the answer to LOGOUT.
  package var logout: Duration = .seconds(1)

  package init() {}
}
