import Glibc

/// What this process holds in memory now.
func residentKiB() -> Int {
  let number = unsafe open("/proc/self/statm", O_RDONLY)
  defer { close(number) }
  var buffer = [UInt8](repeating: 0, count: 256)
  let count = unsafe read(number, &buffer, buffer.count)
  let fields = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
  return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4 : 0
}
