import Glibc

/// What rtnetlink has told of links and addresses, to tell a change from a repetition: addresses are announced anew with
/// every router advertisement, links with every scan of a radio.
struct RouteState {
  struct Outcome: Equatable {
    /// Something other than loopback came, went, or changed its state.
    var isChanged = false
    /// The answer to our question is complete.
    var isDumpFinished = false
  }

  private enum Message {
    static let headerSize = 16
    static let done = UInt16(3)
    static let newLink = UInt16(16)
    static let deletedLink = UInt16(17)
    static let newAddress = UInt16(20)
    static let deletedAddress = UInt16(21)
    /// `ifinfomsg`, and `ifaddrmsg`.
    static let linkSize = 16
    static let addressSize = 8
  }

  private struct Address: Hashable {
    let link: Int32
    let bytes: [UInt8]
  }

  /// The index of `lo` in every network namespace.
  private static let loopback: Int32 = 1
  /// IFF_UP and IFF_RUNNING: whether it can carry anything.
  private static let usable: UInt32 = 0x1 | 0x40
  /// IFA_F_TENTATIVE: not to be used until its uniqueness is known, which is announced again.
  private static let tentative: UInt8 = 0x40
  private static let attributeAddress = UInt16(1)

  private var links: [Int32: Bool] = [:]
  private var addresses: Set<Address> = []

  /// A datagram of the kernel's. Messages with a sequence number answer our question: they teach and change nothing.
  mutating func handle(_ datagram: [UInt8]) -> Outcome {
    var outcome = Outcome()
    var rest = datagram[...]
    while let length: UInt32 = rest.number(at: 0), length >= Message.headerSize, Int(length) <= rest.count {
      guard let type: UInt16 = rest.number(at: 4), let sequence: UInt32 = rest.number(at: 8) else { break }
      let payload = rest.dropFirst(Message.headerSize).prefix(Int(length) - Message.headerSize)
      if type == Message.done {
        outcome.isDumpFinished = true
      } else if apply(type, payload), sequence == 0 {
        outcome.isChanged = true
      }
      rest = rest.dropFirst((Int(length) + 3) & ~3)
    }
    return outcome
  }

  /// True where it is news.
  private mutating func apply(_ type: UInt16, _ payload: ArraySlice<UInt8>) -> Bool {
    guard let index: Int32 = payload.number(at: 4), index != Self.loopback else { return false }
    switch type {
    case Message.newLink:
      guard payload.count >= Message.linkSize, let flags: UInt32 = payload.number(at: 8) else { return false }
      let isUsable = flags & Self.usable == Self.usable
      let before = links.updateValue(isUsable, forKey: index)
      return isUsable != (before ?? false)
    case Message.deletedLink:
      return links.removeValue(forKey: index) ?? false
    case Message.newAddress, Message.deletedAddress:
      guard let bytes = address(in: payload.dropFirst(Message.addressSize)) else { return false }
      let address = Address(link: index, bytes: bytes)
      if type == Message.deletedAddress { return addresses.remove(address) != nil }
      let flags = payload[payload.startIndex + 2]
      return flags & Self.tentative == 0 && addresses.insert(address).inserted
    default:
      return false
    }
  }

  private func address(in attributes: ArraySlice<UInt8>) -> [UInt8]? {
    var rest = attributes
    while let length: UInt16 = rest.number(at: 0), let type: UInt16 = rest.number(at: 2) {
      guard length >= 4, Int(length) <= rest.count else { return nil }
      if type == Self.attributeAddress { return Array(rest.dropFirst(4).prefix(Int(length) - 4)) }
      rest = rest.dropFirst((Int(length) + 3) & ~3)
    }
    return nil
  }
}

extension ArraySlice<UInt8> {
  /// In the machine's byte order; nil where it does not lie wholly within.
  fileprivate func number<Number: FixedWidthInteger>(at offset: Int) -> Number? {
    let size = MemoryLayout<Number>.size
    guard offset + size <= count else { return nil }
    var number = Number.zero
    let piece = dropFirst(offset).prefix(size)
    unsafe Swift.withUnsafeMutableBytes(of: &number) { unsafe $0.copyBytes(from: piece) }
    return number
  }
}
