import Mail

/// How a download is cut into commands: few enough to be quick, small enough that a command given up costs little.
enum FetchChunks {
  /// UIDs of one command.
  static let messagesMax = 100
  /// Octets of one command, as far as sizes are known.
  static let octetsMax = 4 << 20
  /// Commands in flight: the next is sent before the last is answered, and more would buy nothing.
  static let inFlightMax = 3

  /// Ascending; a single message may be larger than the limit.
  static func chunks(_ uids: [UID], size: (UID) -> Int?) -> [UIDSet] {
    var chunks: [UIDSet] = []
    var current = UIDSet()
    var count = 0
    var octets = 0
    for uid in uids.sorted() {
      let size = size(uid) ?? 0
      if count > 0, count == messagesMax || octets.addingClamped(size) > octetsMax {
        chunks.append(current)
        current = UIDSet()
        count = 0
        octets = 0
      }
      current.insert(uid)
      count += 1
      octets = octets.addingClamped(size)
    }
    if !current.isEmpty { chunks.append(current) }
    return chunks
  }
}
