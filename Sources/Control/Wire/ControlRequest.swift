/// What a caller asks of the daemon: `{"version":1,"status":{}}`.
package enum ControlRequest: Hashable, Sendable {
  /// A full pass; answered by progress, pieces and one report.
  case sync(SyncRequest)
  /// Answered by one status.
  case status
  /// Answered by a status, and another whenever it has changed, until the caller goes.
  case watch
}

package struct SyncRequest: Hashable, Sendable, Codable {
  package struct Account: Hashable, Sendable, Codable {
    package let name: String
    /// Remote names as the configuration writes them; nil for all.
    package let folders: [String]?

    package init(name: String, folders: [String]?) {
      self.name = name
      self.folders = folders
    }
  }

  package var accounts: [Account]
  package var allowDeletions: Bool
  package var dryRun: Bool
  /// A dry run that compares both sides whole; left out where it is not.
  package var thorough: Bool?

  package init(accounts: [Account], allowDeletions: Bool, dryRun: Bool, thorough: Bool? = nil) {
    self.thorough = thorough
    self.accounts = accounts
    self.allowDeletions = allowDeletions
    self.dryRun = dryRun
  }
}

extension ControlRequest: Codable {
  private enum Key: String, CodingKey { case version, sync, status, watch }
  private struct Nothing: Codable {}

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let version = try container.decode(Int.self, forKey: .version)
    guard version == ControlWire.version else {
      throw DecodingError.dataCorruptedError(forKey: .version, in: container, debugDescription: "version \(version)")
    }
    if let request = try container.decodeIfPresent(SyncRequest.self, forKey: .sync) {
      self = .sync(request)
    } else if container.contains(.status) {
      self = .status
    } else if container.contains(.watch) {
      self = .watch
    } else {
      throw DecodingError.dataCorrupted(.init(codingPath: container.codingPath, debugDescription: "no request"))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(ControlWire.version, forKey: .version)
    switch self {
    case .sync(let request): try container.encode(request, forKey: .sync)
    case .status: try container.encode(Nothing(), forKey: .status)
    case .watch: try container.encode(Nothing(), forKey: .watch)
    }
  }
}

/// Just the version, which is readable whatever the rest is.
struct RequestVersion: Codable {
  let version: Int
}
