import Support

/// One run of a program to its end.
struct Pass: Sendable {
  let duration: Duration
  /// Nil for what ran inside this process.
  var cpuSeconds: Double?

  /// From starting the program to its end, which must be a success.
  static func run(_ arguments: [String], environment: [String: String]? = nil) async throws -> Pass {
    let limit = Duration.seconds(1_800)
    let start = ContinuousClock.now
    let child = try ChildProcess(arguments, environment: environment)
    let ending: ChildProcess.Ending
    do {
      ending = try await child.wait(within: limit)
    } catch {
      await child.stop()
      throw error
    }
    let duration = ContinuousClock.now - start
    guard ending == .exited(0) else {
      throw BenchError("\(arguments.joined(separator: " ")) \(ending): \(child.standardErrors.suffix(2_000))")
    }
    return Pass(duration: duration, cpuSeconds: try ProcessFigures.cpuSeconds(of: child.identifier))
  }
}
