// Digests: what a message is known by, whatever line ends it has and whoever saved it.
// May import: Mail, COpenSSL. Read this file first, then HeaderFilter and LineCount.

import Glibc
package import Mail

/// Makes a message's identity from its bytes, fed in pieces split anywhere.
///
/// What is digested is the message's canonical form: every run of CR directly before an LF or the end is dropped, so that
/// wire form, LF form and a CRLF file agree; any other lone CR stays. A NUL, which no message may hold (RFC 9051 §4.3.1),
/// counts as 0x80, which Dovecot stores in its place. In the header, which ends with the first empty line, the fields
/// Content-Length, Lines, Status and X-Status are left out with their folded lines: mail readers add them.
///
/// The identity's `wireSize` is what travels: for `.wire`, the octets given, as a server would count them; for
/// `.file`, the octets that `LineCount` says would be sent for that file.
package final class MessageDigester {
  /// Where the bytes come from.
  package enum Source: Sendable {
    /// A message as it goes over the wire.
    case wire
    /// A file of a Maildir, read as it is.
    case file
  }

  private let source: Source
  private let hash = SHA256()
  private var header = HeaderFilter()
  private var lines = LineCount()
  private var octets = 0
  /// CRs at the end of what came so far: whether they stay depends on what follows.
  private var heldReturns = 0

  package init(of source: Source) { self.source = source }

  package func update(_ bytes: [UInt8]) {
    octets += bytes.count
    let bytes = bytes.contains(0) ? bytes.map { $0 == 0 ? 0x80 : $0 } : bytes
    unsafe bytes.withUnsafeBytes {
      if case .file = source { unsafe lines.count($0) }
      unsafe canonicalize($0)
    }
  }

  /// Once, at the end.
  package func finish() -> MessageIdentity {
    heldReturns = 0
    unsafe header.finish { unsafe hash.update($0) }
    let wireSize = if case .file = source { lines.wireSize } else { octets }
    return MessageIdentity(digest: hash.finish(), wireSize: wireSize, messageID: header.messageID)
  }

  private func canonicalize(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    var index = 0
    if heldReturns > 0 {
      index = unsafe lengthOfReturns(bytes, from: 0)
      heldReturns += index
      guard index < bytes.count else { return }
      if unsafe bytes[index] == 0x0A { heldReturns = 0 } else { releaseReturns() }
    }
    while index < bytes.count {
      guard let found = unsafe memchr(start + index, 0x0D, bytes.count - index) else {
        return unsafe take(UnsafeRawBufferPointer(rebasing: bytes[index...]))
      }
      let firstReturn = unsafe UnsafeRawPointer(found) - start
      let end = unsafe firstReturn + lengthOfReturns(bytes, from: firstReturn)
      if end == bytes.count {
        heldReturns = end - firstReturn
        return unsafe take(UnsafeRawBufferPointer(rebasing: bytes[index..<firstReturn]))
      }
      let stays = unsafe bytes[end] != 0x0A
      unsafe take(UnsafeRawBufferPointer(rebasing: bytes[index..<(stays ? end : firstReturn)]))
      index = end
    }
  }

  private func lengthOfReturns(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    var end = start
    while unsafe end < bytes.count && bytes[end] == 0x0D { end += 1 }
    return end - start
  }

  private func releaseReturns() {
    let returns: [UInt8] = Array(repeating: 0x0D, count: min(heldReturns, 4096))
    while heldReturns > 0 {
      let count = min(heldReturns, returns.count)
      unsafe returns.withUnsafeBytes { unsafe take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      heldReturns -= count
    }
  }

  /// Bytes in LF form.
  private func take(_ bytes: UnsafeRawBufferPointer) {
    var bytes = unsafe bytes
    if !header.isInBody {
      let taken = unsafe header.take(bytes) { unsafe hash.update($0) }
      unsafe bytes = UnsafeRawBufferPointer(rebasing: bytes[taken...])
    }
    unsafe hash.update(bytes)
  }
}
