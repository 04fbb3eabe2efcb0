import Glibc

extension [UInt8] {
  /// With LF in place of each CRLF: the form on disk.
  package var lineFeedForm: [UInt8] {
    replacingLineEnds { segment, endsLine, result in
      let isCRLF = endsLine && segment.last == 0x0D
      result.append(contentsOf: isCRLF ? segment.dropLast() : segment)
      if endsLine { result.append(0x0A) }
    }
  }

  /// With CRLF in place of each LF that has no CR before it: the form on the wire.
  package var wireForm: [UInt8] {
    replacingLineEnds { segment, endsLine, result in
      result.append(contentsOf: segment)
      if endsLine, segment.last != 0x0D { result.append(0x0D) }
      if endsLine { result.append(0x0A) }
    }
  }

  /// Hands out the bytes between the LFs one after another; by `memchr`, for unoptimized builds test with megabytes.
  private func replacingLineEnds(
    _ body: (_ segment: ArraySlice<UInt8>, _ endsLine: Bool, _ result: inout [UInt8]) -> Void
  ) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count + count / 32)
    var start = 0
    while let end = indexOfLineFeed(from: start) {
      body(self[start..<end], true, &result)
      start = end + 1
    }
    body(self[start...], false, &result)
    return result
  }

  /// The next LF at or after `start`.
  func indexOfLineFeed(from start: Int) -> Int? {
    unsafe withUnsafeBytes { bytes in
      guard start < bytes.count, let base = bytes.baseAddress,
        let found = unsafe memchr(base + start, 0x0A, bytes.count - start)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }
}
