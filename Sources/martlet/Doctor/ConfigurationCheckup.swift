import Configuration
import Control
import Logging
import Mail
import Ports

/// Reads the configuration; where all that is wrong with it is a password that others can read, that can be mended.
@Loop
final class ConfigurationCheckup {
  private let program: ProgramContext
  private let isFixing: Bool
  private(set) var findings: [DoctorFinding] = []

  init(program: ProgramContext, isFixing: Bool) {
    self.program = program
    self.isFixing = isFixing
  }

  /// Nil after having said what is wrong.
  func load() -> Configuration? {
    do {
      return try Configuration.load(program.paths)
    } catch {
      let open = Set(error.errors.compactMap(\.openSecret)).sorted()
      guard isFixing, !open.isEmpty else {
        program.errors.tell(error)
        if !open.isEmpty {
          program.log.notice(
            "\(Release.name) doctor --fix shuts \(printable(open.joined(separator: ", "))) from others")
        }
        return nil
      }
      findings = open.map { FilePermissions.shut(Self.finding($0), at: $0) }
      // Whatever else is wrong, or could not be shut, is said as by every command.
      return program.loadConfiguration()
    }
  }

  private static func finding(_ path: String) -> DoctorFinding {
    .mendable(.secret, printable(path), "others could read the password in it", "chmod 600 \(printable(path))")
  }
}
