import Foundation
import Support

/// A tunnel's command, that notes the process of each time it is run.
struct Tunnel {
  private let folder: TemporaryDirectory
  private let command: String

  init(_ command: String) throws {
    folder = try TemporaryDirectory("tunnel")
    self.command = "echo $$ >>\(folder.appending("processes")); \(command.hasPrefix("echo") ? "" : "exec ")\(command)"
  }

  var place: ServerPlace { ServerPlace(lines: ["tunnel = '''\(command)'''"]) }

  /// To each that runs.
  func signal(_ number: Int32) throws {
    for process in try processes() { kill(process, number) }
  }

  /// Waits until none of them runs, nor is a zombie.
  func waitUntilGone() async throws {
    for process in try processes() {
      try await ChildProcess.output(
        of: ["tail", "--pid=\(process)", "--sleep-interval=0.02", "-f", "/dev/null"], within: .seconds(5))
    }
  }

  private func processes() throws -> [pid_t] {
    let text = try String(contentsOfFile: folder.appending("processes"), encoding: .utf8)
    return text.split(separator: "\n").compactMap { pid_t($0) }
  }
}
