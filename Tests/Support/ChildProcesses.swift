import Foundation

extension ChildProcess {
  /// Of that process, as all its threads started them: martlet is two where the kernel has Landlock.
  package static func children(of process: Int32) throws -> [Int32] {
    let tasks = "/proc/\(process)/task"
    return try FileManager.default.contentsOfDirectory(atPath: tasks).flatMap { task in
      try String(contentsOfFile: "\(tasks)/\(task)/children", encoding: .utf8)
        .split(separator: " ").compactMap { Int32($0) }
    }
  }
}
