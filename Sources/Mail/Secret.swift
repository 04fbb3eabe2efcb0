import Glibc

/// A text that must not be seen: printing, interpolating or reflecting it shows `***` (law L13).
///
/// However many copies there are, its octets are in one place, which is wiped when the last copy goes.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let place: WipedOctets

  /// `text` itself stays where it is: of a configuration, say, in which it was written for all time anyway.
  package init(_ text: String) { place = WipedOctets(Array(text.utf8)[...]) }

  /// Nil where the octets are not UTF-8. They stay where they are, for the caller to wipe.
  package init?(validating octets: ArraySlice<UInt8>) {
    guard Self.isUTF8(octets) else { return nil }
    place = WipedOctets(octets)
  }

  /// Without a String, which would be a copy that nobody wipes.
  private static func isUTF8(_ octets: ArraySlice<UInt8>) -> Bool {
    var decoder = UTF8()
    var rest = octets.makeIterator()
    while true {
      switch decoder.decode(&rest) {
      case .scalarValue: continue
      case .emptyInput: return true
      case .error: return false
      }
    }
  }

  package var count: Int { place.count }

  /// A copy, which the caller wipes. The one way to the value; each use is a place to look at in a review.
  package func octets() -> [UInt8] { place.copy() }

  package static func == (left: Secret, right: Secret) -> Bool {
    var (one, other) = (left.octets(), right.octets())
    defer {
      wipe(&one)
      wipe(&other)
    }
    return one == other
  }

  package var description: String { "***" }
  package var debugDescription: String { "***" }
  package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// How much of a text is its first line. No slice of it, which would be one more owner of what is to be wiped.
package func firstLineLength(_ octets: [UInt8]) -> Int {
  octets.firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ?? octets.count
}

/// Overwrites what a secret was in, and empties it. To be the last owner of the array is the caller's part: what another
/// variable or slice still holds is not touched.
package func wipe(_ octets: inout [UInt8]) {
  unsafe octets.withUnsafeMutableBytes { buffer in
    if let start = buffer.baseAddress { unsafe explicit_bzero(start, buffer.count) }
  }
  octets = []
}

/// Memory that is overwritten before it is given back. Unchecked: nothing changes it from its making to its end.
@safe
private final class WipedOctets: @unchecked Sendable {
  /// Freed in deinit.
  private let memory: UnsafeMutableRawBufferPointer

  init(_ octets: ArraySlice<UInt8>) {
    unsafe memory = .allocate(byteCount: octets.count, alignment: 1)
    unsafe memory.copyBytes(from: octets)
  }

  deinit {
    if let start = unsafe memory.baseAddress { unsafe explicit_bzero(start, memory.count) }
    unsafe memory.deallocate()
  }

  var count: Int { unsafe memory.count }
  func copy() -> [UInt8] { unsafe Array(memory) }
}
