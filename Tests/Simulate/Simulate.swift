import Glibc
import Ports
import Simulation
import Support

/// Plays simulated worlds: `martlet-simulate --help`.
@main
enum Simulate {
  static func main() {
    let options: SimulateOptions
    do {
      options = try SimulateOptions(CommandLine.arguments.dropFirst())
    } catch {
      complain("\(error)\n\n\(SimulateOptions.usage)")
      exit(64)
    }
    if options.isHelp {
      print(SimulateOptions.usage)
      exit(0)
    }
    Determinism.demand()
    if options.isCrash { exit(Crashes(options).run() ? 0 : 1) }
    guard options.jobs > 1, !options.isSingle else { exit(Worlds(options).run() ? 0 : 1) }
    Task.detached { exit(await Jobs(options).run()) }
    while true { pause() }
  }
}

/// Plays with a runner of this process; false where none can be had.
func withRunner(_ body: (WorldRunner) -> Bool) -> Bool {
  do {
    let runner = try WorldRunner()
    defer { runner.close() }
    return body(runner)
  } catch {
    complain("\(error)")
    return false
  }
}

func complain(_ text: String) {
  let bytes = Array("\(text)\n".utf8)
  _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
}
