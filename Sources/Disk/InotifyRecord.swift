import Glibc
import Ports

/// One `struct inotify_event` (inotify(7)).
struct InotifyRecord {
  let watch: Int32
  let name: String
  private let mask: UInt32
  private let cookie: UInt32

  func has(_ flag: some BinaryInteger) -> Bool { mask & UInt32(flag) != 0 }

  /// Nil for what is not about a name or its attributes.
  var kind: DirectoryEvent.Kind? {
    if has(IN_CREATE) { return .created }
    if has(IN_CLOSE_WRITE) { return .written }
    if has(IN_ATTRIB) { return .attributesChanged }
    if has(IN_MOVED_TO) { return .movedIn(cookie: cookie) }
    if has(IN_MOVED_FROM) { return .movedOut(cookie: cookie) }
    if has(IN_DELETE) { return .deleted }
    return nil
  }

  /// The records of one read, which the kernel never cuts.
  static func records(in bytes: [UInt8]) -> [InotifyRecord] {
    var records: [InotifyRecord] = []
    unsafe bytes.withUnsafeBytes { buffer in
      let headerSize = MemoryLayout<inotify_event>.size
      var offset = 0
      while offset + headerSize <= buffer.count {
        let header = unsafe buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
        let end = min(buffer.count, offset + headerSize + Int(header.len))
        // The name is padded with NULs.
        let name = unsafe buffer[(offset + headerSize)..<end].prefix { $0 != 0 }
        records.append(
          InotifyRecord(
            watch: header.wd, name: unsafe String(decoding: name, as: UTF8.self), mask: header.mask,
            cookie: header.cookie))
        offset = end
      }
    }
    return records
  }
}
