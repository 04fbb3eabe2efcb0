import Foundation
import Glibc

/// A process group, asked whether anything in it still lives.
package enum ProcessGroup {
  /// False when all of its processes ended, whether or not somebody has taken note of their end yet: an orphan is
  /// init's to reap, and some containers' init takes seconds for it.
  package static func isAlive(_ group: Int32) -> Bool {
    guard kill(-group, 0) == 0 || errno != ESRCH else { return false }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: "/proc").contains { isLiving($0, in: group) }
    } catch {
      // Without /proc there is only the kernel's answer above.
      return true
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
