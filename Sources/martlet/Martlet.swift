import ArgumentParser

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
  func run() throws {
    throw ValidationError("Name a command: run, sync, status, check, folders or doctor.")
  }
}
