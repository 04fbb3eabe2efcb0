import Glibc

/// Counts a file's octets and line ends, in pieces split anywhere, to tell how long it is in wire form.
///
/// A file whose every LF follows a CR is in wire form already and is sent as it is; in any other, each LF is sent as
/// CRLF, whatever precedes it. So a message that came with CRLF, and was stored with LF, goes back byte for byte.
package struct LineCount: Equatable, Sendable {
  package private(set) var octets = 0
  package private(set) var lineFeeds = 0
  private var lineFeedsAfterReturn = 0
  private var endsInReturn = false

  package init() {}

  package var isWireForm: Bool { lineFeeds > 0 && lineFeeds == lineFeedsAfterReturn }

  /// Octets that will be sent for this file.
  package var wireSize: Int { isWireForm ? octets : octets + lineFeeds }

  package mutating func count(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe count($0) }
  }

  mutating func count(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    octets += bytes.count
    var index = 0
    while let found = unsafe memchr(start + index, 0x0A, bytes.count - index) {
      let position = unsafe UnsafeRawPointer(found) - start
      lineFeeds += 1
      if unsafe position > 0 ? bytes[position - 1] == 0x0D : endsInReturn { lineFeedsAfterReturn += 1 }
      index = position + 1
    }
    endsInReturn = unsafe bytes[bytes.count - 1] == 0x0D
  }
}
