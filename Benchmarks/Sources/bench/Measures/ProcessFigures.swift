import CLinux
import Foundation
import Glibc
import Support

/// What the kernel tells of a process in /proc.
struct ProcessFigures {
  /// User and system, in ticks of 10 ms.
  let cpuTicks: Int
  /// The same, finer than ticks.
  let cpuNanoseconds: Int
  /// Of the threads that live now.
  let contextSwitches: Int
  /// What it gave to `write` and the like, files and sockets.
  let bytesWritten: Int
  /// What it caused to be written to the disk.
  let diskBytesWritten: Int
  /// Its proportional share of memory, KiB.
  let proportionalSetSize: Int
  let threads: Int
  let descriptors: Int

  /// Of a process and its children, as martlet is two. Reading another process's figures needs root where that process
  /// forbids dumps of itself, as martlet does.
  init(of process: Int32) throws {
    let all = try ([process] + ChildProcess.children(of: process)).map { try ProcessFigures(ofOne: $0) }
    func sum(_ figure: KeyPath<Self, Int>) -> Int { all.map { $0[keyPath: figure] }.reduce(0, +) }
    cpuTicks = sum(\.cpuTicks)
    cpuNanoseconds = sum(\.cpuNanoseconds)
    contextSwitches = sum(\.contextSwitches)
    bytesWritten = sum(\.bytesWritten)
    diskBytesWritten = sum(\.diskBytesWritten)
    proportionalSetSize = sum(\.proportionalSetSize)
    threads = sum(\.threads)
    descriptors = sum(\.descriptors)
  }

  private init(ofOne process: Int32) throws {
    let folder = "/proc/\(process)"
    let stat = try Self.text(folder + "/stat")
    // Behind the name, which is in parentheses and may hold anything, the third field comes first (proc(5)).
    let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ").dropFirst()
    let numbers = fields.map { Int($0) ?? 0 }
    guard numbers.count > 17 else { throw BenchError("\(folder)/stat: \(stat)") }
    cpuTicks = numbers[11] + numbers[12]
    threads = numbers[17]
    var time = timespec()
    // The process's CPU clock: linux/posix-timers.h, CPUCLOCK_SCHED.
    guard unsafe clock_gettime(~process << 3 | 2, &time) == 0 else {
      throw BenchError.system("the CPU clock of process \(process)")
    }
    cpuNanoseconds = time.tv_sec * 1_000_000_000 + time.tv_nsec
    var switches = 0
    for task in try FileManager.default.contentsOfDirectory(atPath: folder + "/task") {
      let status = Self.table(try Self.text("\(folder)/task/\(task)/status"))
      switches += (status["voluntary_ctxt_switches"] ?? 0) + (status["nonvoluntary_ctxt_switches"] ?? 0)
    }
    contextSwitches = switches
    let io = Self.table(try Self.text(folder + "/io"))
    bytesWritten = io["wchar"] ?? 0
    diskBytesWritten = io["write_bytes"] ?? 0
    proportionalSetSize = Self.table(try Self.text(folder + "/smaps_rollup"))["Pss"] ?? 0
    descriptors = try FileManager.default.contentsOfDirectory(atPath: folder + "/fd").count
  }

  /// The CPU time of a process, ended but not yet reaped, and of the children that it waited for, in seconds.
  static func cpuSeconds(of process: Int32) throws -> Double {
    let stat = try text("/proc/\(process)/stat")
    let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ").dropFirst()
    let numbers = fields.map { Int($0) ?? 0 }
    guard numbers.count > 14 else { throw BenchError("/proc/\(process)/stat: \(stat)") }
    return Double(numbers[11...14].reduce(0, +)) / 100
  }

  private static func text(_ path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw BenchError("cannot read \(path); figures of another process may need root")
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// `name: number …`, line by line.
  private static func table(_ text: String) -> [String: Int] {
    var table: [String: Int] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2, let number = parts[1].split(whereSeparator: \.isWhitespace).first {
        table[String(parts[0])] = Int(number)
      }
    }
    return table
  }
}
