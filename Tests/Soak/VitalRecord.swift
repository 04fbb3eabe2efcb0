import Foundation
import Support
import Synchronization

/// What the kernel tells of a process and its children, as martlet is two: their resident memory, and how many
/// descriptors they have.
///
/// The pages of the program and its libraries count once, where most of them are resident, and whoever else has them:
/// shares would change with each program that begins or ends on the machine.
struct Vitals: Sendable, CustomStringConvertible {
  let kibibytes: Int
  let descriptors: Int

  /// Needs root: martlet forbids others of its user to look into its memory.
  init(of process: Int32) throws {
    var (anonymous, mapped, descriptors) = (0, 0, 0)
    for process in try [process] + ChildProcess.children(of: process) {
      let rollup = "/proc/\(process)/smaps_rollup"
      let lines = Self.text(rollup).split(separator: "\n")
      guard let resident = Self.number("Rss:", lines), let own = Self.number("Anonymous:", lines),
        let share = Self.number("Pss_Anon:", lines)
      else {
        throw SupportError("cannot read \(rollup): martlet ended, or this is not root")
      }
      // What the two have in common since they were one counts once as well.
      anonymous += share
      mapped = max(mapped, resident - own)
      descriptors += try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count
    }
    (kibibytes, self.descriptors) = (anonymous + mapped, descriptors)
  }

  private static func number(_ name: String, _ lines: [Substring]) -> Int? {
    lines.first { $0.hasPrefix(name) }?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
  }

  /// Empty where it cannot be read.
  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }

  var description: String { "\(Self.megabytes(kibibytes)), \(descriptors) descriptors" }

  static func megabytes(_ kibibytes: Int) -> String {
    let tenths = (kibibytes * 10 + 512) / 1024
    return "\(tenths / 10).\(tenths % 10) MB"
  }
}

/// The daemon's vitals, every ten seconds.
final class VitalRecord: Sendable {
  private let process: Int32
  /// Samples before this one are of a daemon that is warming up: ten minutes, or a third of a short run.
  private let warmUp: Int
  private let samples = Mutex<[Vitals]>([])

  private static let samplesPerMinute = 6
  /// Parts of a hundred.
  private static let driftMax = 5.0

  init(of process: Int32, minutes: Int) {
    self.process = process
    warmUp = min(10 * Self.samplesPerMinute, minutes * Self.samplesPerMinute / 3)
  }

  func keep(until end: Deadline, _ tell: (_ minute: Int, Vitals) throws -> Void) async throws {
    let start = ContinuousClock.now
    for number in 1... {
      let next = start + .seconds(60 / Self.samplesPerMinute * number)
      guard next <= end.instant else { return }
      try await Task.sleep(until: next, clock: .continuous)
      let vitals = try Vitals(of: process)
      samples.withLock { $0.append(vitals) }
      if number.isMultiple(of: Self.samplesPerMinute) { try tell(number / Self.samplesPerMinute, vitals) }
    }
  }

  /// The medians of the first and the last quarter after the warm-up: a single sample may fall into a big message, or
  /// into a break of the network.
  func faults() -> [String] {
    let samples = samples.withLock { Array($0.dropFirst(warmUp)) }
    guard samples.count >= 4 else { return ["too few samples to tell whether the daemon grows"] }
    let first = Array(samples.prefix(samples.count / 4))
    let last = Array(samples.suffix(samples.count / 4))
    return [
      Self.drift("memory", first.map(\.kibibytes), last.map(\.kibibytes), samples.map(\.kibibytes), Vitals.megabytes),
      Self.drift("descriptors", first.map(\.descriptors), last.map(\.descriptors), samples.map(\.descriptors)) {
        "\($0)"
      },
    ].compactMap(\.self)
  }

  private static func drift(
    _ what: String, _ first: [Int], _ last: [Int], _ all: [Int], _ shown: (Int) -> String
  ) -> String? {
    let (early, late) = (median(first), median(last))
    let percent = Double(late - early) / Double(max(1, early)) * 100
    let text =
      "\(what): \(shown(early)), in the end \(shown(late)): \((percent * 10).rounded() / 10) % "
      + "(all samples: \(shown(all.min() ?? 0)) to \(shown(all.max() ?? 0)))"
    say(text)
    return abs(percent) <= driftMax ? nil : text
  }

  private static func median(_ numbers: [Int]) -> Int { numbers.sorted()[numbers.count / 2] }
}
