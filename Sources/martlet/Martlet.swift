import ArgumentParser
import Mail

/// The command line as a whole.
struct Martlet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Release.name,
    abstract: "Keeps Maildirs and IMAP accounts in sync, both ways, as things happen.",
    discussion: """
      Options may stand before or after the command. The configuration is $XDG_CONFIG_HOME/martlet/config.toml; \
      see martlet.toml(5).
      """,
    version: "\(Release.name) \(Release.version)",
    subcommands: [
      RunCommand.self, SyncCommand.self, StatusCommand.self, CheckCommand.self, FoldersCommand.self, DoctorCommand.self,
      TryCommand.self,
    ])

  @OptionGroup var common: CommonOptions

  /// Only reached where no command was named.
  func run() throws { throw ValidationError("Name a command; there are \(Self.commandList).") }

  /// Throws where the first word is no command, or one that help is asked for is none; the parser would call the one an
  /// unexpected argument, and help with something else for the other.
  static func requireCommand(in arguments: [String]) throws {
    let commands = configuration.subcommands.map { $0.configuration.commandName } + ["help"]
    let isHelp = arguments.first == "help"
    guard let word = isHelp ? arguments.dropFirst().first(where: { !$0.hasPrefix("-") }) : arguments.first,
      !word.hasPrefix("-"), !commands.contains(word)
    else { return }
    throw ValidationError("There is no command '\(printable(word))'. The commands are \(commandList).")
  }

  /// Those that the help shows.
  private static var commandList: String {
    let names = configuration.subcommands.map { $0.configuration }.filter(\.shouldDisplay).compactMap(\.commandName)
    return names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
  }
}
