import Mail
import Ports

/// A batch on its way into a simulated store: as a whole at the barrier (Maildir), or one by one (server).
@Loop
final class SimulatedDelivery: Delivery {
  private let store: SimulatedStore
  private let folder: FolderName
  private var letters: [(letter: Letter, message: SimulatedMessage)] = []

  init(_ store: SimulatedStore, _ folder: FolderName) {
    self.store = store
    self.folder = folder
  }

  func add(_ letter: Letter, _ content: any MessageContent) async throws(StoreError) {
    try store.faults.step("\(store.title) add")
    var bytes: [UInt8] = []
    while let piece = try await content.next() { bytes += piece }
    let text = String(decoding: bytes, as: UTF8.self)
    let date = letter.date ?? InternalDate(secondsSince1970: 0)
    letters.append((letter, SimulatedMessage(text, flags: letter.flags, date: date)))
  }

  func commit() async throws(StoreError) -> [Int: Result<Delivered, StoreError>] {
    var results: [Int: Result<Delivered, StoreError>] = [:]
    await store.beforeStoring?(folder)
    for (letter, message) in letters {
      if store.refused.contains(message.text) {
        results[letter.ticket] = .failure(StoreError(.message, .refused, "\(store.title) refuses \(message.text)"))
        continue
      }
      if let room = store.room, message.identity.wireSize > room {
        results[letter.ticket] = .failure(StoreError(.message, .noSpace, "\(store.title) has no room"))
        continue
      }
      try store.faults.effect("\(store.title) store \(message.text)") {
        let key = store.insert(message, in: folder, key: letter.key)
        let flags = store.folders[folder]?.messages[key]?.flags ?? .none
        results[letter.ticket] = .success(Delivered(key: key, flags: flags, identity: message.identity))
      }
    }
    return results
  }

  func abandon() async { letters.removeAll() }
}
