import Control
import Mail

/// The kinds of finding, by the words that martlet(1) lists.
enum FindingKind: String, CaseIterable, Sendable {
  case daemon
  case watches
  case secret
  case permissions
  case space
  case ledger
  case root
  case folder
  case leftover
  case keywords
  case leftOut = "left-out"
  case setAside = "set-aside"
  case interrupted
  case server
  case outOfSync = "out-of-sync"
  case brake
  case sync
}

extension DoctorFinding {
  /// Something wrong that only a person, or the next sync, can put right.
  static func problem(_ kind: FindingKind, _ subject: String, _ text: String, _ remedy: String?) -> DoctorFinding {
    DoctorFinding(
      kind: kind.rawValue, state: .problem, subject: subject, text: text, remedy: remedy, mendable: false)
  }

  /// Something wrong that `--fix` puts right.
  static func mendable(_ kind: FindingKind, _ subject: String, _ text: String, _ remedy: String) -> DoctorFinding {
    DoctorFinding(
      kind: kind.rawValue, state: .problem, subject: subject, text: text, remedy: remedy, mendable: true)
  }

  static func note(_ kind: FindingKind, _ subject: String, _ text: String, _ remedy: String? = nil) -> DoctorFinding {
    DoctorFinding(kind: kind.rawValue, state: .note, subject: subject, text: text, remedy: remedy, mendable: false)
  }

  func mended() -> DoctorFinding {
    var finding = self
    finding.state = .mended
    return finding
  }

  func failed(_ reason: String) -> DoctorFinding {
    var finding = self
    finding.state = .failed
    finding.reason = printable(reason)
    return finding
  }

  /// Another martlet is in the way.
  func held(_ reason: String) -> DoctorFinding {
    var finding = self
    finding.state = .held
    finding.reason = printable(reason)
    return finding
  }
}

extension DoctorReport {
  /// 0 nothing found, or all mended; 1 something is left; 75 something cannot be mended while another martlet runs.
  var status: ExitStatus {
    if allFindings.contains(where: { $0.state == .held }) { return .temporaryFailure }
    return allFindings.contains(where: \.isOpen) ? .incomplete : .success
  }
}
