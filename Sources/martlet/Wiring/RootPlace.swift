import Configuration
import Glibc
import LedgerSQLite
import Mail
import Ports
import Reactor
import Reconciliation

/// Whether a Maildir could be where the configuration wants one.
enum RootPlace {
  /// Why there can be none, for a person; nil where it is there, or can be made.
  static func refusal(at path: String) -> String? {
    var place = path
    while true {
      var status = stat()
      if unsafe stat(place, &status) == 0 {
        guard status.st_mode & S_IFMT == S_IFDIR else { return "\(printable(place)) is no directory" }
        // What is there is looked at by itself.
        guard place != path, unsafe faccessat(AT_FDCWD, place, W_OK | X_OK, AT_EACCESS) != 0 else { return nil }
        return "nothing can be made in \(printable(place)): \(systemError(errno))"
      }
      guard errno == ENOENT || errno == ENOTDIR else { return "\(printable(place)): \(systemError(errno))" }
      if unsafe lstat(place, &status) == 0 { return "\(printable(place)) is a symbolic link to nothing" }
      guard place != "/" else { return nil }
      place = DiskPath.directory(of: place)
    }
  }

  /// The same of an account's Maildirs that no ledger knows, with the key to correct. A known one that is missing is told
  /// by its marker (law L8).
  @Loop
  static func refusal(for account: AccountConfiguration, _ program: ProgramContext) -> String? {
    for side in Side.allCases {
      guard case .maildir(let maildir) = account[side], let refusal = refusal(at: maildir.path),
        !LedgerGlance.mayKnow(RootMarkers.fact(side), in: program.paths.accountDirectory(account.name))
      else { continue }
      let title = StoreTitle.of(maildir, home: program.paths.home)
      return "\(title): there can be no Maildir: \(refusal); \(remedy(account, side))"
    }
    return nil
  }

  static func remedy(_ account: AccountConfiguration, _ side: Side) -> String {
    "mend that, or correct accounts.\(account.name).\(side).path"
  }
}
