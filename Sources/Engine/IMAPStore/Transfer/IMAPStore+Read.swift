package import Mail
package import Ports
import Digests
import IMAP

extension IMAPStore {
  package func read(
    _ keys: [MessageKey], in folder: FolderName,
    receive: @Loop (MessageKey, Result<any MessageContent, StoreError>) async throws(StoreError) -> Void
  ) async throws(StoreError) {
    let uids = keys.compactMap(\.uid)
    guard !uids.isEmpty else { return }
    try await withSelected(
      folder, uids.count > Self.lightReadMax ? .bulk : .light, seeing: .arrived(UIDSet(uids.sorted()))
    ) {
      connection async throws(StoreError) in
      try await BodyReading(self, connection, folder).run(uids, receive: receive)
    }
  }

  package func identify(
    _ keys: [MessageKey], in folder: FolderName
  ) async throws(StoreError) -> [MessageKey: Identified] {
    let uids = keys.compactMap(\.uid)
    guard !uids.isEmpty else { return [:] }
    return try await withSelected(
      folder, uids.count > Self.lightReadMax ? .bulk : .light, seeing: .arrived(UIDSet(uids.sorted()))
    ) {
      connection async throws(StoreError) in
      try await identify(uids, on: connection, in: folder)
    }
  }

  func identify(
    _ uids: [UID], on connection: IMAPConnection, in folder: FolderName
  ) async throws(StoreError) -> [MessageKey: Identified] {
    var identities: [MessageKey: MessageIdentity] = [:]
    var dates: [MessageKey: InternalDate] = [:]
    let reading = BodyReading(self, connection, folder, items: [.uid, .internalDate, .body])
    reading.fetched = { response in
      if let uid = response.uid { dates[.uid(uid)] = response.internalDate }
    }
    try await reading.run(uids) { key, result async throws(StoreError) in
      guard case .success(let content) = result else { return }
      let digester = MessageDigester(of: .wire)
      while let octets = try await content.next() { digester.update(octets) }
      identities[key] = digester.finish()
    }
    return identities.reduce(into: [:]) { found, entry in
      found[entry.key] = Identified(identity: entry.value, date: dates[entry.key])
    }
  }

  /// So few messages are read by whoever watches the folder; more would keep it from watching.
  static let lightReadMax = 8

  package func reserveKeys(_ count: Int, in folder: FolderName) -> [MessageKey]? { nil }

  package func identify(kept keys: [MessageKey]) async throws(StoreError) -> [MessageKey: MessageDigest] { [:] }

  package func restore(
    _ kept: [MessageKey], to folder: FolderName, taken: Set<MessageKey>
  ) async throws(StoreError) -> [MessageKey: MessageKey] { [:] }

  package func purge(_ kept: [MessageKey]) async throws(StoreError) -> [MessageKey: String] { [:] }
}
