import Glibc
import Reactor

/// What the kernel grants one user of inotify (inotify(7)): limits, and what is in use.
package struct InotifyLimits: Hashable, Sendable {
  package static let watchesSetting = "fs.inotify.max_user_watches"
  package static let instancesSetting = "fs.inotify.max_user_instances"

  /// Directories that may be watched; nil where the kernel does not say.
  package let watches: Int?
  /// Programs, or parts of one, that may watch.
  package let instances: Int?

  package init(watches: Int?, instances: Int?) {
    self.watches = watches
    self.instances = instances
  }

  package static func current() -> InotifyLimits {
    InotifyLimits(watches: value(of: watchesSetting), instances: value(of: instancesSetting))
  }

  /// Nil where the kernel does not say.
  static func value(of setting: String) -> Int? {
    let path = "/proc/sys/" + String(setting.map { $0 == "." ? "/" : $0 })
    return SmallText.read(path).flatMap { Int($0.prefix { $0.isNumber }) }
  }
}

/// What of those limits a user's processes use, as far as they may be looked into.
package struct InotifyUse: Hashable, Sendable {
  package var watches = 0
  package var instances = 0

  package init(watches: Int = 0, instances: Int = 0) {
    self.watches = watches
    self.instances = instances
  }

  /// Of every process of this user but `excluded` and their children. Blocks while the kernel tells, some ten milliseconds.
  package static func ofOthers(than excluded: Set<Int32>) -> InotifyUse {
    var use = InotifyUse()
    for process in DirectoryNames.of("/proc").compactMap({ Int32($0) }) where !excluded.contains(process) {
      if let parent = parent(of: process), excluded.contains(parent) { continue }
      var status = stat()
      guard unsafe stat("/proc/\(process)", &status) == 0, status.st_uid == getuid() else { continue }
      for number in DirectoryNames.of("/proc/\(process)/fd") where isInotify("/proc/\(process)/fd/\(number)") {
        use.instances += 1
        let lines = SmallText.read("/proc/\(process)/fdinfo/\(number)")?.split(separator: "\n") ?? []
        use.watches += lines.count { $0.hasPrefix("inotify ") }
      }
    }
    return use
  }

  /// `4711 (name) S 4710 …` (proc_pid_stat(5)); the name may hold anything.
  private static func parent(of process: Int32) -> Int32? {
    let words = SmallText.read("/proc/\(process)/stat")?.split(separator: ")").last?.split(separator: " ") ?? []
    return words.count > 1 ? Int32(words[1]) : nil
  }

  private static func isInotify(_ link: String) -> Bool {
    var buffer = [CChar](repeating: 0, count: 64)
    let count = unsafe readlink(link, &buffer, buffer.count)
    guard count > 0 else { return false }
    let target = buffer[..<count].map { UInt8(bitPattern: $0) }
    return String(decoding: target, as: UTF8.self) == "anon_inode:inotify"
  }
}

/// A small file of the kernel's, as text.
enum SmallText {
  /// Nil where it cannot be read, as when its process has just ended.
  static func read(_ path: String) -> String? {
    guard let file = FileDescriptor(owning: unsafe open(path, O_RDONLY | O_CLOEXEC)) else { return nil }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = uninterrupted { unsafe Glibc.read(file.number, &buffer, buffer.count) }
      guard count > 0 else { break }
      content += buffer[..<count]
    }
    return String(decoding: content, as: UTF8.self)
  }
}
