import Foundation
import Glibc

/// A process group, asked whether anything in it still lives.
package enum ProcessGroup {
  /// False when all of its processes ended, whether or not somebody has taken note of their end yet: an orphan is
  /// init's to reap, and some containers' init takes seconds for it.
  package static func isAlive(_ group: Int32) -> Bool {
    guard kill(-group, 0) == 0 || errno != ESRCH else { return false }
    do {
      return try !members(of: group).isEmpty
    } catch {
      // Without /proc there is only the kernel's answer above.
      return true
    }
  }

  /// The processes in it that have not ended.
  package static func members(of group: Int32) throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { isLiving($0, in: group) }.compactMap {
      Int32($0)
    }
  }

  /// Reads `/proc/PID/stat`: the number, the name in parentheses, the state, the parent and the group.
  private static func isLiving(_ process: String, in group: Int32) -> Bool {
    guard Int32(process) != nil, let data = FileManager.default.contents(atPath: "/proc/\(process)/stat"),
      let name = data.lastIndex(of: UInt8(ascii: ")"))
    else { return false }
    let words = String(decoding: data[(name + 1)...], as: UTF8.self).split(separator: " ")
    return words.count > 2 && words[2] == "\(group)" && words[0] != "Z" && words[0] != "X"
  }
}
