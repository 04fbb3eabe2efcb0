/// What Landlock tells apart of all that can be done to files; the bits are the kernel's (landlock(7)).
package struct FileRights: OptionSet, Hashable, Sendable {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }

  static let writeFile = FileRights(rawValue: 1 << 1)
  static let readFile = FileRights(rawValue: 1 << 2)
  static let readDirectory = FileRights(rawValue: 1 << 3)
  static let removeDirectory = FileRights(rawValue: 1 << 4)
  static let removeFile = FileRights(rawValue: 1 << 5)
  static let makeDirectory = FileRights(rawValue: 1 << 7)
  static let makeFile = FileRights(rawValue: 1 << 8)
  static let makeSocket = FileRights(rawValue: 1 << 9)
  /// To rename or link from one directory to another; from ABI 2 on. Before, it is forbidden whatever the rules.
  static let refer = FileRights(rawValue: 1 << 13)
  /// From ABI 3 on; before, nobody is asked.
  static let truncate = FileRights(rawValue: 1 << 14)

  /// What can be had of a file that is no directory.
  static let ofFiles: FileRights = [.writeFile, .readFile, .truncate]

  /// All that this version of the kernel's ABI knows: what no rule allows is forbidden, running programs, say, and
  /// making devices.
  static func known(version: Int32) -> FileRights {
    let count: UInt64 =
      switch version {
      case ...2: 14
      case 3, 4: 15
      default: 16
      }
    return FileRights(rawValue: (1 << count) - 1)
  }
}
