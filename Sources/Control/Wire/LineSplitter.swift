/// Cuts a stream of bytes into lines, none longer than its limit.
package struct LineSplitter {
  private let limit: Int
  private var pending: [UInt8] = []
  /// How far `pending` is known to hold no line's end.
  private var searched = 0

  package init(limit: Int) { self.limit = limit }

  package mutating func append(_ bytes: [UInt8]) { pending += bytes }

  /// The next whole line without its end; nil where more bytes are needed.
  package mutating func next() throws(ControlError) -> [UInt8]? {
    guard let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
      searched = pending.count
      guard pending.count <= limit else { throw tooLong }
      return nil
    }
    guard end <= limit else { throw tooLong }
    let line = Array(pending[..<end])
    pending.removeSubrange(...end)
    searched = 0
    return line
  }

  private var tooLong: ControlError {
    ControlError(.malformed, "a line of more than \(limit) bytes came over the control socket")
  }
}
