import ArgumentParser

/// The options that every command takes, before or after its name.
struct CommonOptions: ParsableArguments, Sendable {
  enum LogFormat: String, ExpressibleByArgument, CaseIterable, Sendable { case text, json }

  @Option(
    name: [.customShort("c", allowingJoined: true), .long],
    help: ArgumentHelp("The configuration file.", valueName: "file"), completion: .file(extensions: ["toml"]))
  var config: String?

  @Option(
    help: ArgumentHelp("Where the ledgers and the control socket are.", valueName: "dir"), completion: .directory)
  var stateDir: String?

  @Flag(name: .shortAndLong, help: "Say more: each folder; twice: each step and what is said to servers.")
  var verbose: Int

  @Flag(name: .shortAndLong, help: "Say nothing but errors.")
  var quiet = false

  @Option(help: ArgumentHelp("How messages on standard error are written.", valueName: "text|json"))
  var logFormat = LogFormat.text

  mutating func validate() throws {
    guard !quiet || verbose == 0 else { throw ValidationError("'--quiet' and '--verbose' exclude each other.") }
    // As from a variable that is not set.
    guard config != "" else { throw ValidationError("'--config' is given no file.") }
    guard stateDir != "" else { throw ValidationError("'--state-dir' is given no directory.") }
  }
}
