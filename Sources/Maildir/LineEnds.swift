import Digests
import Glibc

/// Line ends between the wire, where lines end in CRLF, and a file, where they end in LF.
///
/// Each CRLF of a message that comes becomes LF; a lone CR and a lone LF stay. For the way back see `LineCount`.
package enum LineEnds {
  /// From the wire into a file, in pieces split anywhere.
  package struct ToFile: Sendable {
    private var heldReturn = false

    package init() {}

    package mutating func convert(_ bytes: [UInt8]) -> [UInt8] {
      guard let last = bytes.last else { return [] }
      var result: [UInt8] = []
      result.reserveCapacity(bytes.count + 1)
      if heldReturn, bytes[0] != 0x0A { result.append(0x0D) }
      heldReturn = last == 0x0D
      let end = heldReturn ? bytes.count - 1 : bytes.count
      var index = 0
      while index < end {
        let found = bytes.firstIndex(of: 0x0D, from: index)
        guard let found, found < end else { break }
        // What follows is there: a CR at the very end is held back.
        result.append(contentsOf: bytes[index..<(bytes[found + 1] == 0x0A ? found : found + 1)])
        index = found + 1
      }
      result.append(contentsOf: bytes[index..<end])
      return result
    }

    /// A CR at the message's end.
    package mutating func finish() -> [UInt8] {
      defer { heldReturn = false }
      return heldReturn ? [0x0D] : []
    }
  }

  /// From a file in LF form onto the wire: each LF becomes CRLF, whatever precedes it.
  package static func toWire(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + bytes.count / 32 + 16)
    var index = 0
    while let found = bytes.firstIndex(of: 0x0A, from: index) {
      result.append(contentsOf: bytes[index..<found])
      result.append(0x0D)
      result.append(0x0A)
      index = found + 1
    }
    result.append(contentsOf: bytes[index...])
    return result
  }
}

extension [UInt8] {
  fileprivate func firstIndex(of byte: UInt8, from start: Int) -> Int? {
    unsafe withUnsafeBytes { buffer in
      guard start < buffer.count, let base = buffer.baseAddress,
        let found = unsafe memchr(base + start, Int32(byte), buffer.count - start)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }
}
