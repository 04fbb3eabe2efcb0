import Foundation
import Glibc

/// `bench push`, `first`, `empty`, `idle`, `imap2imap` or `all`: each prints one Markdown table on standard output.
///
/// Exit status 0 only if all was measured, and all sides were equal after it.
@main
enum Bench {
  private static let scenarios = ["push", "first", "empty", "idle", "imap2imap"]

  static func main() async {
    // The end of a connection is an error value, never a signal.
    signal(SIGPIPE, SIG_IGN)
    let words = Array(CommandLine.arguments.dropFirst())
    let name = words.first ?? "all"
    guard name == "all" || scenarios.contains(name) else {
      complain(Options.usage)
      exit(64)
    }
    let options: Options
    do {
      options = try Options(words.dropFirst())
      if options.includes(program: "martlet") { try options.requireMartlet() }
    } catch {
      complain("bench: \(error)")
      exit(64)
    }
    var isFine = true
    for scenario in name == "all" ? scenarios : [name] {
      if await !run(scenario, options) { isFine = false }
    }
    exit(isFine ? 0 : 1)
  }

  private static func run(_ scenario: String, _ options: Options) async -> Bool {
    let machine = Progress.machine()
    do {
      let outcome = try await perform(scenario, options)
      print("\n## \(outcome.title)\n\n\(outcome.markdown)\n\nBefore: \(machine). After: \(Progress.machine()).")
      for problem in outcome.problems { complain("bench \(scenario): \(problem)") }
      return outcome.problems.isEmpty
    } catch {
      complain("bench \(scenario): \(error)")
      return false
    }
  }

  private static func perform(_ scenario: String, _ options: Options) async throws -> Outcome {
    switch scenario {
    case "first": try await FirstSync(options: options).run()
    case "empty": try await EmptyPass(options: options).run()
    case "idle": try await IdleRun(options: options).run()
    case "imap2imap": try await Mirror(options: options).run()
    default: try await Push(options: options).run()
    }
  }

  private static func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
