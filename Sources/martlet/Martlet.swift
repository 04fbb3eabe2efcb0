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

  /// Throws where the first word is no command; the parser would call it an unexpected argument.
  static func requireCommand(in arguments: [String]) throws {
    guard let word = arguments.first, !word.hasPrefix("-") else { return }
    let commands = configuration.subcommands.map { $0.configuration.commandName } + ["help"]
    guard !commands.contains(word) else { return }
    throw ValidationError("There is no command '\(printable(word))'. The commands are \(commandList).")
  }

  /// Those that the help shows.
  private static var commandList: String {
    let names = configuration.subcommands.map { $0.configuration }.filter(\.shouldDisplay).compactMap(\.commandName)
    return names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
  }
}
