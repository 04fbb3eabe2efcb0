import IMAP
import Ports

/// What goes out on a connection, in order: commands, and messages in between.
@Loop
final class ConnectionWriter {
  private enum Item {
    case octets([UInt8])
    case upload(CommandID, Upload)
  }

  weak var owner: IMAPConnection?
  private let stream: any ByteStream
  private var items: [Item] = []
  private var isWriting = false

  init(_ stream: any ByteStream) { self.stream = stream }

  func write(_ octets: [UInt8]) {
    if case .octets(var before)? = items.last {
      // Taken out before it grows, which else would copy it for each command.
      items.removeLast()
      before += octets
      items.append(.octets(before))
    } else {
      items.append(.octets(octets))
    }
    wake()
  }

  func write(_ upload: Upload, as id: CommandID) {
    items.append(.upload(id, upload))
    wake()
  }

  /// The writing begins when the caller has said all it has to say: then it leaves in one piece.
  private func wake() {
    guard !isWriting else { return }
    isWriting = true
    Loop.task { await self.writeAll() }
  }

  private func writeAll() async {
    while let owner, owner.isOpen, !items.isEmpty {
      switch items.removeFirst() {
      case .octets(let octets): await write(octets, owner)
      case .upload(let id, let upload): await send(upload, as: id, owner)
      }
    }
    isWriting = false
  }

  @discardableResult
  private func write(_ octets: [UInt8], _ owner: IMAPConnection) async -> Bool {
    do {
      try await stream.write(octets)
      owner.sign()
      return true
    } catch {
      owner.fail(StoreError(streamError: error, owner.hostTitle))
      return false
    }
  }

  private func send(_ upload: Upload, as id: CommandID, _ owner: IMAPConnection) async {
    do {
      while let octets = try await next(upload, owner) {
        guard await write(octets, owner) else { return }
      }
      owner.uploadEnded(id)
    } catch {
      await owner.uploadFailed(id)
    }
  }

  /// The server's silence does not count while our own source is slow.
  private func next(_ upload: Upload, _ owner: IMAPConnection) async throws(StoreError) -> [UInt8]? {
    owner.hold()
    defer { owner.release() }
    return try await upload.next()
  }
}
