/// What `martlet doctor --json` prints. As stable as `StatusReport`.
package struct DoctorReport: Hashable, Sendable, Codable {
  package var version = ControlWire.version
  /// True where what could be mended was to be mended.
  package var fix: Bool
  /// What the command ends with.
  package var exitCode: Int32
  /// Left out where none answers.
  package var daemon: DaemonStatus?
  /// What concerns no account, or all.
  package var findings: [DoctorFinding]
  package var accounts: [AccountDoctorReport]

  package init(
    fix: Bool, exitCode: Int32 = 0, daemon: DaemonStatus? = nil, findings: [DoctorFinding] = [],
    accounts: [AccountDoctorReport] = []
  ) {
    self.fix = fix
    self.exitCode = exitCode
    self.daemon = daemon
    self.findings = findings
    self.accounts = accounts
  }

  package var allFindings: [DoctorFinding] { findings + accounts.flatMap(\.findings) }
}

package struct AccountDoctorReport: Hashable, Sendable, Codable {
  package var name: String
  /// What each side is: a path, or a server.
  package var local: String
  package var remote: String
  /// What was looked at and in order, in words.
  package var fine: [String]
  package var findings: [DoctorFinding]

  package init(
    name: String, local: String, remote: String, fine: [String] = [], findings: [DoctorFinding] = []
  ) {
    self.name = name
    self.local = local
    self.remote = remote
    self.fine = fine
    self.findings = findings
  }
}

/// One thing that is or could go wrong.
package struct DoctorFinding: Hashable, Sendable, Codable {
  package enum State: String, Hashable, Sendable, Codable {
    /// Worth knowing, and nothing wrong.
    case note
    /// Wrong, or about to be.
    case problem
    /// Was a problem.
    case mended
    /// A problem whose mending failed; `reason` tells why.
    case failed
    /// A problem that cannot be mended while another martlet holds the account.
    case held
  }

  /// A word for programs; see martlet(1).
  package let kind: String
  package var state: State
  /// What it is about: a path, a folder, a server.
  package let subject: String
  package let text: String
  /// What helps; left out where nothing has to be done.
  package let remedy: String?
  /// True where `doctor --fix` does it.
  package let mendable: Bool
  package var reason: String?

  package init(
    kind: String, state: State, subject: String, text: String, remedy: String?, mendable: Bool, reason: String? = nil
  ) {
    self.kind = kind
    self.state = state
    self.subject = subject
    self.text = text
    self.remedy = remedy
    self.mendable = mendable
    self.reason = reason
  }

  /// True where something is left to be done.
  package var isOpen: Bool {
    switch state {
    case .note, .mended: false
    case .problem, .failed, .held: true
    }
  }
}
