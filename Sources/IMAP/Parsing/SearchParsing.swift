internal import Mail

extension Cursor {
  /// After `SEARCH`: numbers, and the MODSEQ of RFC 7162 §3.1.5, which is passed over.
  mutating func searchResponse() throws(ParseError) -> UIDSet {
    var ranges: [ClosedRange<UID>] = []
    skipSpaces()
    while let octet = next, octet != UInt8(ascii: "(") {
      let uid = try uid()
      ranges.append(uid...uid)
      if !isAtEnd { try space() }
    }
    if !isAtEnd { try skipValue() }
    try expectEnd()
    return UIDSet(ranges)
  }

  /// After `ESEARCH` (RFC 4731 §3.2). The tag says whose answer it is.
  mutating func esearchResponse() throws(ParseError) -> (ESearchResponse, tag: ArraySlice<UInt8>?) {
    var response = ESearchResponse()
    var tag: ArraySlice<UInt8>?
    skipSpaces()
    if consume(UInt8(ascii: "(")) {
      guard try word() == .tag else { throw .malformed }
      try space()
      tag = try stringOrAtom()
      try expect(UInt8(ascii: ")"))
      skipSpaces()
    }
    var countsUIDs = false
    while !isAtEnd {
      let name = try word()
      if name == .uid {
        countsUIDs = true
      } else {
        try space()
        try esearchItem(name, into: &response)
      }
      skipSpaces()
    }
    guard countsUIDs else { throw .malformed }
    // RFC 4731 §3.1: without a match, ALL is left out.
    if response.all == nil { response.all = UIDSet() }
    return (response, tag)
  }

  private mutating func esearchItem(_ name: Word, into response: inout ESearchResponse) throws(ParseError) {
    switch name {
    case .all: response.all = try uidSet()
    case .min: response.min = try uid()
    case .max: response.max = try uid()
    case .count: response.count = try number()
    case .modSeq: response.highestModSeq = try modSequence()
    default: try skipValue()
    }
  }
}
