import CLinux
import Glibc
import Reactor

/// One end of the way between the two processes.
struct PacketSocket: ~Copyable {
  /// Of a packet: a command of the configuration, or a status line, with its head.
  static let lengthMax = 64 * 1024

  private let descriptor: FileDescriptor

  init?(owning number: Int32) {
    guard let descriptor = FileDescriptor(owning: number) else { return nil }
    self.descriptor = descriptor
  }

  /// Borrowed.
  var number: Int32 { descriptor.number }

  struct Packet {
    let bytes: [UInt8]
    /// The receiver's to close.
    let carried: [Int32]
  }

  enum Received {
    case packet(Packet)
    /// One that was longer than ours are.
    case unreadable
    case nothing
    case gone
  }

  func receive() -> Received {
    var bytes = [UInt8](repeating: 0, count: Self.lengthMax)
    var carried = [Int32](repeating: -1, count: Int(clinux_carried_max))
    var carriedCount: Int32 = 0
    let count = unsafe clinux_receive_packet(descriptor.number, &bytes, bytes.count, &carried, &carriedCount)
    if count < 0 {
      switch errno {
      case EAGAIN: return .nothing
      case EMSGSIZE: return .unreadable
      default: return .gone
      }
    }
    // No packet is empty, so that this is the end.
    guard count > 0 else { return .gone }
    return .packet(Packet(bytes: Array(bytes[..<count]), carried: Array(carried[..<Int(carriedCount)])))
  }

  /// `waits` until the other end has room for it; false where it could not be sent. A longer one is not: cut short, it
  /// would be another command.
  @discardableResult
  func send(_ bytes: [UInt8], carrying descriptors: [Int32] = [], waits: Bool = true) -> Bool {
    guard bytes.count <= Self.lengthMax else {
      errno = EMSGSIZE
      return false
    }
    return unsafe clinux_send_packet(
      descriptor.number, bytes, bytes.count, descriptors, Int32(descriptors.count), waits) > 0
  }
}
