import Glibc

enum ThreadCount {
  /// How many threads this process has; nil where /proc does not tell.
  static var current: Int? {
    guard let directory = unsafe opendir("/proc/self/task") else { return nil }
    defer { unsafe closedir(directory) }
    var count = 0
    while let entry = unsafe readdir(directory) {
      // All but "." and "..".
      if unsafe entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
    }
    return count
  }
}
