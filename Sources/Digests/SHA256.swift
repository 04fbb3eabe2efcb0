import COpenSSL
import Mail

/// OpenSSL's SHA-256, fed through a buffer so that many small pieces cost one call.
///
/// Owns its context and its buffer from `init` to `deinit`. Not Sendable: one owner at a time.
@safe final class SHA256 {
  private static let bufferSize = 32 << 10

  private let context: OpaquePointer
  private let buffer: UnsafeMutableRawBufferPointer
  private var filled = 0

  init() {
    guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      fatalError("OpenSSL has no SHA-256, or no memory is left for it")
    }
    unsafe self.context = context
    unsafe buffer = .allocate(byteCount: Self.bufferSize, alignment: 64)
  }

  deinit {
    unsafe EVP_MD_CTX_free(context)
    unsafe buffer.deallocate()
  }

  func update(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    if bytes.count > Self.bufferSize - filled { flush() }
    if bytes.count >= Self.bufferSize / 2 {
      flush()
      return unsafe digest(bytes)
    }
    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).baseAddress?
      .copyMemory(from: start, byteCount: bytes.count)
    filled += bytes.count
  }

  /// Once, at the end.
  func finish() -> MessageDigest {
    flush()
    var result = [UInt8](repeating: 0, count: MessageDigest.byteCount)
    let done = unsafe result.withUnsafeMutableBufferPointer {
      unsafe EVP_DigestFinal_ex(context, $0.baseAddress, nil)
    }
    guard done == 1, let digest = MessageDigest(bytes: result) else { fatalError("OpenSSL failed to end a SHA-256") }
    return digest
  }

  private func flush() {
    guard filled > 0 else { return }
    unsafe digest(UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
    filled = 0
  }

  private func digest(_ bytes: UnsafeRawBufferPointer) {
    guard unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
      fatalError("OpenSSL failed to go on with a SHA-256")
    }
  }
}
