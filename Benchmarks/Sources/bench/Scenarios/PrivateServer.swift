import Mail
import Support

/// The servers that latencies are measured on, by the way in which they tell of changes.
enum PrivateServer: String, CaseIterable {
  case dovecotIdle = "dovecot-idle"
  case dovecotNotify = "dovecot-notify"
  case cyrus = "cyrus"

  /// What stands in the tables.
  var title: String {
    switch self {
    case .dovecotIdle: "Dovecot, IDLE"
    case .dovecotNotify: "Dovecot, NOTIFY"
    case .cyrus: "Cyrus, IDLE"
    }
  }

  func start() async throws -> any MailServer {
    switch self {
    case .dovecotIdle: try await DovecotServer.started(Self.dovecot(capability: Self.withoutNotify))
    case .dovecotNotify: try await DovecotServer.started(Self.dovecot())
    case .cyrus: try await CyrusServer.started()
    }
  }

  static func dovecot(capability: String? = nil) -> DovecotOptions {
    // Each TLS connection has a login process for its life.
    DovecotOptions(
      storage: .sdbox, capability: capability, connectionsMax: 100,
      extraConfiguration: "default_process_limit = 500")
  }

  /// Dovecot 2.3's own list but NOTIFY.
  private static let withoutNotify = """
    IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT \
    MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC \
    ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW \
    STATUS=SIZE SAVEDATE LITERAL+ SPECIAL-USE COMPRESS=DEFLATE
    """

  /// A server that fell back to polling was not measured pushing.
  static func requirePush(by server: any MailServer) throws {
    guard !server.log.contains("Inotify instance limit") else {
      throw BenchError("Dovecot ran out of inotify instances and polled: raise fs.inotify.max_user_instances")
    }
  }
}
