import Glibc
import Support

/// Several processes, each with a share of the seeds: a process has one loop, and one thread does all its work.
///
/// A process that dies tells by its last line which world did it; its share goes on behind that one.
struct Jobs: Sendable {
  /// No world takes this long; a process that is silent for longer hangs.
  private static let silenceMax: Duration = .seconds(300)

  let options: SimulateOptions

  init(_ options: SimulateOptions) { self.options = options }

  /// The exit code of all of it.
  func run() async -> Int32 {
    let start = ContinuousClock.now
    let shares = await withTaskGroup(of: Share.self) { group in
      for number in 0..<options.jobs {
        group.addTask { await play(Share(first: options.first + UInt64(number))) }
      }
      return await group.reduce(into: Share(first: 0)) { $0.add($1) }
    }
    print(Worlds.summary(shares.count, since: start, failures: shares.failures))
    return shares.failures == 0 ? 0 : 1
  }

  /// What one process has to do, and what came of it.
  private struct Share {
    /// The next seed.
    var first: UInt64
    var count = 0
    var failures = 0

    mutating func add(_ other: Share) {
      count += other.count
      failures += other.failures
    }
  }

  private func play(_ share: Share) async -> Share {
    var share = share
    while share.first <= options.last {
      do {
        let child = try ChildProcess(arguments(from: share.first))
        do {
          try await listen(to: child, &share)
          return share
        } catch {
          // It ended, or hangs, without its last line.
          let ending = await child.stop(grace: .zero)
          complain("seed \(share.first) FAILED\n  the simulator \(ending): \(child.standardErrors.suffix(2000))")
        }
      } catch {
        complain("\(error)")
      }
      share.failures += 1
      share.count += 1
      share.first += UInt64(options.jobs)
    }
    return share
  }

  private func arguments(from first: UInt64) -> [String] {
    ["/proc/self/exe", "--seeds", "\(first)..\(options.last)", "--stride", "\(options.jobs)"]
      + (options.isTwice ? ["--twice"] : []) + (options.shrinks ? [] : ["--no-shrink"])
  }

  /// Until it says that it has played its share. What it tells of one seed is printed in one piece.
  private func listen(to child: ChildProcess, _ share: inout Share) async throws {
    var told: [String] = []
    while true {
      let line = try await child.line(within: Self.silenceMax)
      if line.hasPrefix("  ") || line.hasSuffix(" FAILED") {
        told.append(line)
        continue
      }
      if !told.isEmpty {
        share.failures += 1
        print(told.joined(separator: "\n"))
        fflush(nil)
        told = []
      }
      guard line.hasPrefix("seed "), let seed = UInt64(line.dropFirst(5)) else {
        // The summary.
        share.count += 1
        return
      }
      // The one before it is done.
      if seed != share.first { share.count += 1 }
      share.first = seed
    }
  }
}
