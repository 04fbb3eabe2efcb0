import Control
import Mail

/// What the doctor found, in words and columns.
enum DoctorText {
  static func of(_ report: DoctorReport) -> String {
    var lines: [String] = []
    if let daemon = report.daemon {
      lines.append("\(Release.name) \(daemon.release) runs (process \(daemon.pid)) and answers")
    } else {
      lines.append("no daemon answers")
    }
    lines += findings(report.findings)
    for account in report.accounts {
      lines += ["", "\(account.name): \(account.local) <-> \(account.remote)"]
      lines += account.fine.map { "  fine     " + $0 }
      lines += findings(account.findings)
    }
    return (lines + ["", verdict(report)]).joined(separator: "\n")
  }

  /// `2 problems; martlet doctor --fix mends 1 of them`
  static func verdict(_ report: DoctorReport) -> String {
    let all = report.allFindings
    let open = all.filter(\.isOpen)
    let mended = all.count { $0.state == .mended }
    let done = mended > 0 ? "\(mended) mended" : ""
    guard !open.isEmpty else { return mended > 0 ? "all mended (\(mended))" : "nothing is wrong" }
    var parts = [counted(open.count, "problem") + (mended > 0 ? " left" : "")]
    if !done.isEmpty { parts.insert(done, at: 0) }
    let mendable = open.count { $0.mendable && $0.state == .problem }
    if mendable > 0 {
      parts.append("\(Release.name) doctor --fix mends \(mendable == open.count ? "that" : "\(mendable)")")
    }
    return parts.joined(separator: "; ")
  }

  private static func findings(_ findings: [DoctorFinding]) -> [String] {
    findings.flatMap { finding -> [String] in
      var lines = ["  \(word(finding.state))\(finding.subject): \(finding.text)"]
      if let reason = finding.reason { lines.append(indent + "not mended: \(reason)") }
      if let remedy = finding.remedy, finding.state != .mended { lines.append(indent + remedy) }
      return lines
    }
  }

  private static let indent = String(repeating: " ", count: 11)

  private static func word(_ state: DoctorFinding.State) -> String {
    let word =
      switch state {
      case .note: "note"
      case .mended: "mended"
      case .problem, .failed, .held: "problem"
      }
    return DisplayWidth.padded(word, to: 9)
  }
}
