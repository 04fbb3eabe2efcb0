import Digests
import Mail
import Ports

/// A message on its way to the server: what was sent of it, and by what it is known.
@Loop
final class Upload {
  let content: any MessageContent
  private let digester = MessageDigester(of: .wire)
  private let ended = Pledge<Void>()
  private var remaining: Int
  private var hasBegun = false
  private(set) var failure: StoreError?
  private(set) var identity: MessageIdentity?
  /// NUL is not for IMAP; a server that takes it stores something else.
  private(set) var hadNUL = false

  init(_ content: any MessageContent) {
    self.content = content
    remaining = content.wireSize
  }

  /// The next piece; nil at the end. Throws where the content is not what was announced.
  func next() async throws(StoreError) -> [UInt8]? {
    hasBegun = true
    do throws(StoreError) {
      guard let bytes = try await content.next() else {
        guard remaining == 0 else { throw mismatch }
        identity = digester.finish()
        ended.settle(())
        return nil
      }
      guard bytes.count <= remaining else { throw mismatch }
      remaining -= bytes.count
      digester.update(bytes)
      hadNUL = hadNUL || bytes.contains(0)
      return bytes
    } catch {
      failure = error
      ended.settle(())
      throw error
    }
  }

  /// Answered: where nothing was asked for, nothing will be.
  func commandEnded() {
    if !hasBegun { ended.settle(()) }
  }

  /// The connection is gone.
  func abort() { ended.settle(()) }

  /// Returns when the content has been read, or is not wanted.
  func isRead() async throws(StoreError) { try await ended.wait() }

  private var mismatch: StoreError {
    StoreError(.message, .gone, "the message changed while it was being sent")
  }
}
