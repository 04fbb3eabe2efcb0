import Mail
import Ports

/// Which watch descriptor stands for which directory.
///
/// The kernel watches inodes: one directory under two names has one descriptor, which then stands for the name asked
/// for last. A descriptor that was given up still has events queued until the kernel says IN_IGNORED: those are
/// dropped, also where the number should have been given out again meanwhile.
struct WatchTable {
  private var directories: [Int32: String] = [:]
  private var descriptors: [ExactText: Int32] = [:]
  /// Given up, IN_IGNORED still to come.
  private var retired: Set<Int32> = []

  /// The descriptor that `directory` had before, which is to be given up: another directory is there now. And the name
  /// that `descriptor` stood for before, under which nothing is watched any more.
  mutating func add(_ descriptor: Int32, for directory: String) -> (replaced: Int32?, former: String?) {
    var former = directories.updateValue(directory, forKey: descriptor)
    if former?.utf8.elementsEqual(directory.utf8) == true { former = nil }
    if let former { descriptors[ExactText(former)] = nil }
    let replaced = descriptors.updateValue(descriptor, forKey: ExactText(directory))
    guard let replaced, replaced != descriptor else { return (nil, former) }
    directories[replaced] = nil
    retired.insert(replaced)
    return (replaced, former)
  }

  /// The descriptor to give up, nil where the directory is not watched.
  mutating func remove(_ directory: String) -> Int32? {
    guard let descriptor = descriptors.removeValue(forKey: ExactText(directory)) else { return nil }
    directories[descriptor] = nil
    retired.insert(descriptor)
    return descriptor
  }

  /// Nil for events of a watch that was given up.
  func directory(of descriptor: Int32) -> String? {
    retired.contains(descriptor) ? nil : directories[descriptor]
  }

  /// IN_IGNORED: the directory that is watched no more although nobody gave it up.
  mutating func ended(_ descriptor: Int32) -> String? {
    if retired.remove(descriptor) != nil { return nil }
    guard let directory = directories.removeValue(forKey: descriptor) else { return nil }
    descriptors[ExactText(directory)] = nil
    return directory
  }
}
