import Configuration
import Engine
import Mail
import Maildir
import Ports
import Reconciliation

/// What `martlet check` found of one account.
struct AccountCheck: Sendable {
  let name: String
  var lines: [String]
  var error: StoreError?

  @Loop
  static func of(_ account: AccountConfiguration, _ program: ProgramContext) async -> AccountCheck {
    let survey = AccountSurvey(account, program)
    var check = AccountCheck(name: account.name, lines: ["\(account.name):"])
    do throws(StoreError) {
      let folders = try await survey.folders()
      for side in [Side.far, .near] { check.lines += survey.lines(about: side) }
      check.lines += survey.table(of: folders).map { "  " + $0 }
    } catch {
      check.error = error
      // The reason is no result, and told as errors are.
      check.lines.append("  not in order")
    }
    await survey.close()
    return check
  }
}

extension AccountSurvey {
  fileprivate func lines(about side: Side) -> [String] {
    guard let imap = stores[side] as? IMAPStore else {
      let presence = isMissing ? "not there yet, made at the first sync" : "a Maildir"
      return ["  \(side): \(stores[side].title), \(presence)"]
    }
    var lines = ["  \(side): \(Self.place(imap.settings))"]
    if let server = imap.serverDescription {
      lines.append("    watched by \(server.watch.rawValue), brought up to date by \(server.resync.uppercased())")
      lines.append("    capabilities: " + printable(server.capabilities.joined(separator: " "), limit: 2_000))
    }
    return lines
  }

  /// `imap.example.org:993, TLS, logged in as me`
  private static func place(_ settings: IMAPSettings) -> String {
    switch settings.endpoint {
    case .tunnel: return "a tunnel, logged in by it"
    case .host(let host):
      let security =
        switch host.security {
        case .implicitTLS: "TLS"
        case .startTLS: "TLS by STARTTLS"
        case .plaintext: "no TLS"
        }
      return "\(printable(host.host)):\(host.port), \(security), logged in as \(printable(settings.user))"
    }
  }
}
