import IMAP
import Mail

/// Which way each job is done with this server: the table of what is offered, and of what is not believed.
struct ServerFeatures: Equatable, Sendable {
  /// How a folder is brought up to date (RFC 7162).
  enum Resync: String, Sendable { case qresync, condStore, listing }

  let capabilities: Capabilities
  let resync: Resync
  /// How the server's names read.
  let naming: MailboxNaming

  init(capabilities: Capabilities, enabled: Set<Capability>, naming: MailboxNaming, host: String?) {
    self.capabilities = capabilities
    self.naming = naming
    if enabled.contains(.qresync), !Self.isQResyncUnreliable(host) {
      resync = .qresync
    } else if capabilities.contains(.condStore), !Self.isQResyncUnreliable(host) {
      resync = .condStore
    } else {
      resync = .listing
    }
  }

  private init(_ other: ServerFeatures, resync: Resync) {
    capabilities = other.capabilities
    naming = other.naming
    self.resync = resync
  }

  /// What to enable right after login; nothing where the server is known to be wrong about it.
  static func enabling(_ capabilities: Capabilities, host: String?) -> [Capability] {
    guard capabilities.contains(.enable), !isQResyncUnreliable(host) else { return [] }
    if capabilities.contains(.qresync) { return [.qresync] }
    return capabilities.contains(.condStore) ? [.condStore] : []
  }

  /// Quirk, iCloud, 2024: no ENABLED, malformed VANISHED, wrong numbers.
  private static func isQResyncUnreliable(_ host: String?) -> Bool {
    guard let host = host?.lowercased() else { return false }
    return host.hasSuffix(".mail.me.com") || host == "mail.me.com"
  }

  /// Listing everything, after what the server tells of changes was seen to have a gap.
  var demoted: ServerFeatures {
    ServerFeatures(self, resync: .listing)
  }

  var hasUIDPlus: Bool { capabilities.contains(.uidPlus) }
  var hasMove: Bool { capabilities.contains(.move) }
  var hasIdle: Bool { capabilities.contains(.idle) }
  var hasNotify: Bool { capabilities.contains(.notify) }
  /// RETURN options only where both are offered: Courier refuses them.
  var listsStatus: Bool { capabilities.contains(.listExtended) && capabilities.contains(.listStatus) }
  var listsRoles: Bool { capabilities.contains(.listExtended) && capabilities.contains(.specialUse) }
  var hasModSeq: Bool { resync != .listing }

  var statusItems: StatusItems {
    hasModSeq ? [.messages, .uidNext, .uidValidity, .highestModSeq] : [.messages, .uidNext, .uidValidity]
  }

  /// For a SELECT that is not followed by a delta.
  var plainSelect: SelectParameter { resync == .condStore ? .condStore : .none }
}

extension FetchItems {
  /// What a look wants to know of a message that it has not met.
  static let traits: FetchItems = [.uid, .flags, .internalDate, .size, .messageID]
  /// The same in pushes. Not by header fields: Dovecot (2.3.19) ties those to the mailbox that was open at NOTIFY, and
  /// its session dies where the mailbox has been selected anew.
  static let pushedTraits: FetchItems = [.uid, .flags, .internalDate, .size, .envelope]
  static let known: FetchItems = [.uid, .flags]
}
