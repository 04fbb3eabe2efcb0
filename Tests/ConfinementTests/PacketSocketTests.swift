import CLinux
import Glibc
import Support
import Testing

@testable import Confinement

@Suite("The socket between the two processes") struct PacketSocketTests {
  /// Whose packets are written by hand here, as whoever has taken over the inner process could.
  private struct Ends: ~Copyable {
    let ours: PacketSocket
    let theirs: Int32

    init() throws {
      var ends: [Int32] = [-1, -1]
      #expect(unsafe clinux_packet_pair(&ends) == 0)
      guard let ours = PacketSocket(owning: ends[0]) else { throw SupportError("no socket") }
      self.ours = ours
      theirs = ends[1]
    }

    deinit { close(theirs) }

    func send(_ bytes: [UInt8], carrying descriptors: [Int32]) {
      let header = MemoryLayout<cmsghdr>.size
      let length = header + descriptors.count * MemoryLayout<Int32>.size
      var control = [UInt8](repeating: 0, count: (length + 7) & ~7)
      unsafe control.withUnsafeMutableBytes { control in
        var first = cmsghdr()
        first.cmsg_len = length
        first.cmsg_level = SOL_SOCKET
        first.cmsg_type = Int32(SCM_RIGHTS)
        unsafe control.storeBytes(of: first, as: cmsghdr.self)
        for (index, descriptor) in descriptors.enumerated() {
          unsafe control.storeBytes(of: descriptor, toByteOffset: header + index * 4, as: Int32.self)
        }
      }
      var bytes = bytes
      unsafe bytes.withUnsafeMutableBytes { bytes in
        var piece = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        unsafe control.withUnsafeMutableBytes { control in
          unsafe withUnsafeMutablePointer(to: &piece) { piece in
            var message = unsafe msghdr()
            unsafe message.msg_iov = piece
            unsafe message.msg_iovlen = 1
            if !descriptors.isEmpty {
              unsafe message.msg_control = control.baseAddress
              unsafe message.msg_controllen = control.count
            }
            #expect(unsafe sendmsg(theirs, &message, Int32(MSG_NOSIGNAL)) == bytes.count)
          }
        }
      }
    }
  }

  @Test(
    "gives up to three descriptors, and none of a packet that carries more",
    arguments: [(0, 0), (1, 1), (3, 3), (4, 0), (5, 0), (253, 0)])
  func descriptors(carried: Int, given: Int) throws {
    var pipe: [Int32] = [-1, -1]
    #expect(unsafe Glibc.pipe(&pipe) == 0)
    let ends = try Ends()
    ends.send([7], carrying: Array(repeating: pipe[1], count: carried))
    close(pipe[1])
    guard case .packet(let packet) = ends.ours.receive() else { throw SupportError("no packet") }
    #expect(packet.bytes == [7])
    #expect(packet.carried.count == given)
    for descriptor in packet.carried {
      #expect(unsafe write(descriptor, [1], 1) == 1)
      close(descriptor)
    }
    // Nothing holds the pipe's other end any more: what was not given is closed.
    var octets = [UInt8](repeating: 0, count: 8)
    #expect(unsafe read(pipe[0], &octets, octets.count) == given || given == 0)
    #expect(unsafe read(pipe[0], &octets, octets.count) == 0)
    close(pipe[0])
  }

  @Test("drops a packet beyond the greatest length, and goes on with the next one", arguments: [-1, 0, 1])
  func length(beyond: Int) throws {
    let ends = try Ends()
    let long = [UInt8](repeating: 7, count: PacketSocket.lengthMax + beyond)
    ends.send(long, carrying: [0, 1, 2])
    ends.send([8], carrying: [])
    switch ends.ours.receive() {
    case .packet(let packet):
      #expect(packet.bytes == long)
      for descriptor in packet.carried { close(descriptor) }
    case .unreadable: #expect(beyond > 0)
    case .nothing, .gone: Issue.record("a packet came")
    }
    guard case .packet(let next) = ends.ours.receive() else { throw SupportError("no packet") }
    #expect(next.bytes == [8])
  }
}
