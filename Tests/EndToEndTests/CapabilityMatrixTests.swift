import Mail
import Support
import Testing

/// The same life with an account, on servers that offer less and less: the mail comes out the same, and nothing is
/// asked of a server that it does not offer. (A hidden command still works, so the proxy's record is what tells.)
@Suite("The same result whatever the server can", .notAllAtOnce)
struct CapabilityMatrixTests {
  @Test("from the first sync to changes while it runs, both ways (L1, L2, L3)", arguments: Offer.allCases)
  func plays(offer: Offer) async throws {
    try await offer.run { server in
      let network = try NetworkProxy(to: server.plainPort, isRecording: true)
      let installation = try Installation(.plain(server, user: "a", port: network.port))
      let client = try await server.client("a")
      let life = Life(installation, client)
      do {
        try await life.play(isPushed: client.capabilities.contains("IDLE"))
      } catch {
        throw SupportError("\(error)\nThe server said:\n\(server.log.suffix(4_000))")
      }
      let uses = CommandUse.allCases.filter { $0.isIn(network.clientLines) }
      let offered = await offer.shown(client.capabilities)
      #expect(uses.filter { !$0.isOffered(by: offered) } == [])
      // The record would show it, and with everything on offer it does.
      if offer == .dovecot { #expect(Set(uses) == Set(CommandUse.allCases)) }
      network.become(.closed)
    }
  }
}

/// A server, with what it offers.
enum Offer: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case dovecot
  case withoutNotify = "NOTIFY"
  case withoutQResync = "NOTIFY QRESYNC"
  case withoutCondStore = "NOTIFY QRESYNC CONDSTORE"
  case withoutUIDPlus = "UIDPLUS"
  case withoutMove = "MOVE"
  case withoutMoveAndUIDPlus = "MOVE UIDPLUS"
  case withoutNonSyncLiterals = "LITERAL+"
  case withoutIdle = "NOTIFY IDLE"
  case withoutListStatus = "LIST-STATUS LIST-EXTENDED STATUS=SIZE"
  case withoutSpecialUse = "SPECIAL-USE"
  case withoutNamespace = "NAMESPACE"
  case withoutEnable = "ENABLE"
  case withoutESearch = "ESEARCH SEARCHRES"
  case bare
  case cyrus
  case cyrusWithLess
  case cyrusWithoutUIDPlus

  var testDescription: String {
    switch self {
    case .dovecot, .bare, .cyrus, .cyrusWithLess, .cyrusWithoutUIDPlus: "\(self)"
    default: "without \(rawValue)"
    }
  }

  private static let dovecotOffers = """
    IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE UNSELECT CHILDREN CONDSTORE QRESYNC NOTIFY UIDPLUS MOVE \
    ESEARCH SEARCHRES MULTIAPPEND BINARY LIST-EXTENDED LIST-STATUS SPECIAL-USE STATUS=SIZE WITHIN
    """

  func run(_ body: (any MailServer) async throws -> Void) async throws {
    switch self {
    case .dovecot: try await DovecotServer.running { try await body($0) }
    case .bare: try await DovecotServer.running(DovecotOptions(capability: "IMAP4rev1")) { try await body($0) }
    case .cyrus: try await CyrusServer.running { try await body($0) }
    case .cyrusWithLess:
      let hidden = ["QRESYNC", "CONDSTORE", "MOVE", "LITERAL+", "LIST-STATUS", "LIST-EXTENDED", "ENABLE", "NAMESPACE"]
      try await CyrusServer.running(suppressedCapabilities: hidden) { try await body($0) }
    case .cyrusWithoutUIDPlus:
      try await CyrusServer.running(suppressedCapabilities: ["UIDPLUS", "MOVE"]) { try await body($0) }
    default:
      let hidden = Set(rawValue.split(separator: " "))
      let offered = Self.dovecotOffers.split(separator: " ").filter { !hidden.contains($0) }
      try await DovecotServer.running(DovecotOptions(capability: offered.joined(separator: " "))) { try await body($0) }
    }
  }

  /// What is offered, less what is only known to Cyrus before login.
  func shown(_ capabilities: Set<String>) -> Set<String> {
    self == .cyrus || self == .cyrusWithLess || self == .cyrusWithoutUIDPlus
      ? capabilities.union(["SASL-IR"]) : capabilities
  }
}

/// A way of doing things that needs a server's offer, as it shows on the wire.
enum CommandUse: String, CaseIterable, Sendable {
  case notify = "NOTIFY"
  case qresync = "QRESYNC"
  case condStore = "CONDSTORE"
  case uidPlus = "UIDPLUS"
  case move = "MOVE"
  case literalPlus = "LITERAL+"
  case idle = "IDLE"
  case listStatus = "LIST-STATUS"
  case namespace = "NAMESPACE"
  case enable = "ENABLE"
  case identification = "ID"

  func isOffered(by capabilities: Set<String>) -> Bool {
    capabilities.contains(rawValue) || (self == .condStore && capabilities.contains("QRESYNC"))
  }

  func isIn(_ lines: [String]) -> Bool { lines.lazy.filter(Self.isCommand).contains(where: isIn) }

  /// martlet's tags are `m` and a number; what else there is are messages.
  private static func isCommand(_ line: String) -> Bool {
    guard line.hasPrefix("m"), let end = line.firstIndex(of: " ") else { return false }
    return Int(line[line.index(after: line.startIndex)..<end]) != nil
  }

  private func isIn(_ line: String) -> Bool {
    let words = line.uppercased().split(separator: " ").dropFirst()
    let verb = words.first == "UID" ? words.dropFirst().first ?? "" : words.first ?? ""
    let hasUID = words.first == "UID"
    let text = words.joined(separator: " ")
    return switch self {
    case .notify, .idle, .namespace, .enable, .move: verb == rawValue
    case .identification: verb == "ID"
    case .qresync: text.contains("(QRESYNC") || text.contains("ENABLE QRESYNC") || text.contains("VANISHED")
    case .condStore: text.contains("CONDSTORE") || text.contains("MODSEQ") || text.contains("CHANGEDSINCE")
    case .uidPlus: hasUID && verb == "EXPUNGE"
    case .literalPlus: text.hasSuffix("+}")
    case .listStatus: verb == "LIST" && text.contains("STATUS (")
    }
  }
}
