import Control
import Foundation
import Support

extension Installation {
  /// Any command, whatever comes of it.
  func run(_ words: String...) async throws -> ChildProcess.Result {
    try await ChildProcess.run(command(words), environment: environment, within: .seconds(120))
  }

  /// `martlet doctor --json`
  func doctor(_ words: String...) async throws -> (code: Int32, report: DoctorReport) {
    let result = try await ChildProcess.run(
      command(["doctor", "--json"] + words), environment: environment, within: .seconds(120))
    guard case .exited(let code) = result.ending, !result.output.isEmpty else {
      throw SupportError("doctor \(result.ending): \(result.errors)")
    }
    return (code, try ControlWire.value(DoctorReport.self, from: Array(result.output.utf8)))
  }
}

extension DoctorReport {
  var open: [DoctorFinding] { allFindings.filter(\.isOpen) }
}

func mode(_ path: String) -> mode_t {
  var status = stat()
  return unsafe stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
}

func setMode(_ mode: mode_t, _ path: String) throws {
  guard unsafe chmod(path, mode) == 0 else { throw SupportError("chmod \(path): \(errno)") }
}
