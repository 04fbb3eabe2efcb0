import Configuration
import Logging
import Mail
import Ports

/// Which accounts of the configuration a command line means.
@Loop
struct AccountChoice {
  let configuration: Configuration
  let program: ProgramContext

  init(_ configuration: Configuration, _ program: ProgramContext) {
    self.configuration = configuration
    self.program = program
  }

  /// All where none is named; nil after having said which is not there.
  func choose(_ names: [String]) -> [AccountConfiguration]? {
    guard !names.isEmpty else { return configuration.accounts }
    var chosen: [AccountConfiguration] = []
    var isComplete = true
    for name in names {
      if let account = configuration.accounts.first(where: { $0.name == name }) {
        if !chosen.contains(where: { $0.name == name }) { chosen.append(account) }
      } else {
        let known = configuration.accounts.map(\.name).joined(separator: ", ")
        program.log.error("there is no account \"\(printable(name))\"; the configuration has \(known)")
        isComplete = false
      }
    }
    return isComplete ? chosen : nil
  }
}
