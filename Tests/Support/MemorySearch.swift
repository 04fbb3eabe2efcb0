import Foundation
import Glibc
import Mail

/// Looks for octets in all that a process can write to, this process among them, and leaves none there by looking.
///
/// Both what is looked for and what was read are in memory of its own, which is left out.
@safe
package final class MemorySearch {
  private static let mask: UInt8 = 0x80
  private static let windowSize = 1 << 20

  /// What is looked for, and behind it a page further on the window. Given back in deinit.
  private let own: UnsafeMutableRawBufferPointer
  private let length: Int
  private let window: UnsafeMutableRawBufferPointer

  /// Each octet with its highest bit turned over, so that the caller need not have it in memory.
  package init(masked octets: [UInt8]) throws {
    let page = 4096
    precondition((1...page).contains(octets.count))
    length = octets.count
    let size = page + Self.windowSize
    let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start = unsafe memory, unsafe start != MAP_FAILED else { throw SupportError.system("mmap", code: errno) }
    unsafe own = UnsafeMutableRawBufferPointer(start: start, count: size)
    unsafe window = UnsafeMutableRawBufferPointer(rebasing: own[page...])
    for (index, octet) in octets.enumerated() { unsafe own[index] = octet ^ Self.mask }
  }

  /// For what this process has in memory anyway.
  package convenience init(for text: String) throws { try self.init(masked: text.utf8.map { $0 ^ Self.mask }) }

  deinit { unsafe munmap(own.baseAddress, own.count) }

  /// What is looked for, as an array that is wiped afterwards.
  package func unmasked<Result>(_ body: (ArraySlice<UInt8>) -> Result) -> Result {
    var octets = unsafe Array(own[..<length])
    let result = body(octets[...])
    wipe(&octets)
    return result
  }

  /// How often it is there.
  package func count(in process: Int32 = getpid()) throws -> Int {
    let maps = try Self.maps(of: process)
    let memory = unsafe open("/proc/\(process)/mem", O_RDONLY | O_CLOEXEC)
    guard memory >= 0 else { throw SupportError.system("/proc/\(process)/mem", code: errno) }
    defer { close(memory) }
    var count = 0
    for line in maps.split(separator: "\n") {
      let words = line.split(separator: " ")
      let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard words.count > 1, words[1].hasPrefix("rw"), ends.count == 2 else { continue }
      for range in process == getpid() ? withoutOwn(ends[0]..<ends[1]) : [ends[0]..<ends[1]] {
        count += occurrences(in: range, of: memory)
      }
    }
    return count
  }

  /// To its end, whatever length the kernel says that it has: it says 0.
  private static func maps(of process: Int32) throws -> String {
    let file = unsafe open("/proc/\(process)/maps", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw SupportError.system("/proc/\(process)/maps", code: errno) }
    defer { close(file) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe read(file, &buffer, buffer.count)
      guard count > 0 else { return String(decoding: text, as: UTF8.self) }
      text += buffer[..<count]
    }
  }

  private func withoutOwn(_ range: Range<UInt>) -> [Range<UInt>] {
    let start = unsafe UInt(bitPattern: own.baseAddress)
    let end = unsafe start + UInt(own.count)
    return [range.clamped(to: 0..<start), range.clamped(to: end..<UInt.max)].filter { !$0.isEmpty }
  }

  private func occurrences(in range: Range<UInt>, of memory: Int32) -> Int {
    var (count, position) = (0, range.lowerBound)
    while position < range.upperBound {
      let wanted = unsafe min(Int(range.upperBound - position), window.count)
      let got = unsafe pread(memory, window.baseAddress, wanted, off_t(position))
      // A mapping that has gone meanwhile, or that nobody may look into.
      guard got >= length else { return count }
      count += unsafe occurrences(in: UnsafeRawBufferPointer(rebasing: window[..<got]))
      // What lies across the border is seen with what comes.
      guard got == wanted, got > length - 1, position + UInt(got) < range.upperBound else { return count }
      position += UInt(got - (length - 1))
    }
    return count
  }

  private func occurrences(in bytes: UnsafeRawBufferPointer) -> Int {
    guard let wanted = unsafe own.baseAddress, var next = bytes.baseAddress else { return 0 }
    let end = unsafe next + bytes.count
    var count = 0
    while unsafe next + length <= end {
      guard let found = unsafe memchr(next, Int32(own[0]), end - next - (length - 1)) else { break }
      if unsafe memcmp(found, wanted, length) == 0 { count += 1 }
      unsafe next = UnsafeRawPointer(found) + 1
    }
    return count
  }
}
