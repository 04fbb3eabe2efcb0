import Synchronization

/// What the clients of a proxy said.
final class ProxyRecord: Sendable {
  /// Most octets kept of one connection: the commands of a test, and not its 50 MB messages.
  static let connectionMax = 8 << 20

  private struct Notes {
    var connections: [[UInt8]] = []
    var byteCount = 0
  }

  private let notes = Mutex(Notes())

  /// A place for what comes on one more connection.
  func connection() -> Connection {
    notes.withLock { notes in
      notes.connections.append([])
      return Connection(record: self, number: notes.connections.count - 1)
    }
  }

  var lines: [String] {
    notes.withLock(\.connections).flatMap { bytes in
      bytes.split(separator: 0x0A).map { String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self) }
    }
  }

  var byteCount: Int { notes.withLock(\.byteCount) }

  struct Connection {
    fileprivate let record: ProxyRecord
    fileprivate let number: Int

    func append(_ bytes: ArraySlice<UInt8>) {
      record.notes.withLock { notes in
        notes.byteCount += bytes.count
        let room = ProxyRecord.connectionMax - notes.connections[number].count
        notes.connections[number].append(contentsOf: bytes.prefix(max(0, room)))
      }
    }
  }
}
