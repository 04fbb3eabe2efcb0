import ArgumentParser
import Configuration
import Control
import Logging
import Ports

/// What the daemon is doing; without one, what the ledgers know.
struct StatusCommand: ProgramCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Tells what the daemon is doing.",
    discussion: """
      Without a daemon it tells what the ledgers know. With --watch it tells again whenever something has changed, and \
      needs the daemon; with --json as well, one object a line.
      """)

  @Flag(help: "Print a machine-readable status.")
  var json = false

  @Flag(help: "Go on telling as things change.")
  var watch = false

  /// A word that some would expect to be of use here.
  @Argument(help: .hidden)
  var accounts: [String] = []

  @OptionGroup var common: CommonOptions

  @Loop
  func perform(_ program: ProgramContext) async -> ExitStatus {
    guard accounts.isEmpty else { return refuseAccounts(program) }
    guard let client = await DaemonConnection.openSoon(program) else { return await withoutDaemon(program) }
    defer { client.close() }
    do throws(ControlError) {
      return watch ? try await follow(client, program) : try await once(client, program)
    } catch {
      // Whoever stopped us knows why there is no answer.
      if !Task.isCancelled { program.log.error("\(error.text)") }
      return .unavailable
    }
  }

  @Loop
  private func refuseAccounts(_ program: ProgramContext) -> ExitStatus {
    guard let configuration = program.loadConfiguration() else { return .configuration }
    if AccountChoice(configuration, program).choose(accounts) != nil {
      let all = configuration.accounts.map(\.name).joined(separator: ", ")
      program.log.error("status takes no account; it tells of all that the configuration has: \(all)")
    }
    return .usage
  }

  @Loop
  private func once(_ client: ControlClient, _ program: ProgramContext) async throws(ControlError) -> ExitStatus {
    switch try await client.status() {
    case .success(let status):
      StandardOutput.write(json ? try ControlWire.printed(status) : StatusText.of(status))
      return .success
    case .failure(let refusal):
      program.log.error("\(refusal.text)")
      return ExitStatus(rawValue: refusal.exitCode) ?? .software
    }
  }

  @Loop
  private func withoutDaemon(_ program: ProgramContext) async -> ExitStatus {
    guard !watch else {
      program.log.error("no daemon answers, so there is nothing to watch; `\(Release.name) run` starts one")
      return .unavailable
    }
    guard let configuration = program.loadConfiguration() else { return .configuration }
    let status = LedgerStatus(program).of(configuration)
    do throws(ControlError) {
      StandardOutput.write(json ? try ControlWire.printed(status) : StatusText.of(status))
      return .success
    } catch {
      program.log.error("\(error.text)")
      return .software
    }
  }

  @Loop
  private func follow(_ client: ControlClient, _ program: ProgramContext) async throws(ControlError) -> ExitStatus {
    let screen = StatusScreen(program, isJSON: json)
    try await client.send(.watch)
    defer { screen.leave() }
    var isFirst = true
    while let reply = try await next(client, isFirst: isFirst) {
      isFirst = false
      switch reply {
      case .status(let status): try screen.show(status)
      case .refused(let refusal):
        screen.leave()
        program.log.error("\(refusal.text)")
        return ExitStatus(rawValue: refusal.exitCode) ?? .software
      case .progress, .piece, .report: continue
      }
    }
    guard !Task.isCancelled else { return .success }
    // Before the word, which would else vanish with the other screen.
    screen.leave()
    program.log.error("the daemon has stopped")
    return .unavailable
  }

  /// Nil also where the command is to stop.
  @Loop
  private func next(_ client: ControlClient, isFirst: Bool) async throws(ControlError) -> ControlReply? {
    do {
      return isFirst ? try await client.promptReply() : try await client.reply()
    } catch {
      if Task.isCancelled { return nil }
      throw error
    }
  }
}
