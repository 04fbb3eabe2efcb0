import Maildir
import Reconciliation

/// A row of the crash table: how both sides and the base were, what was done to them, and how they have to end.
package struct CrashScenario: Sendable {
  /// What a person or another program does between two looks of martlet.
  enum Deed: Sendable {
    case deliver(Side, String, to: String)
    case mark(Side, String, String)
    case unmark(Side, String, String)
    case delete(Side, String)
    /// Every message of a folder.
    case empty(Side, String)
    case move(Side, String, to: String)
    /// A move by a program that gives the file a new name.
    case moveRenamed(String, to: String)
    /// A mail reader's save: written anew with header lines of its own, then the old one goes.
    case save(String, to: String)
    case copy(Side, String, to: String)
    case makeFolder(Side, String)
    case removeFolder(Side, String)
    case renameFolder(Side, String, to: String)
    /// A new UIDVALIDITY.
    case renumber(String)
    /// Modification sequences begin anew.
    case forgetModSeqs(String)
    case loseLedger
  }

  /// How martlet runs when it dies.
  package enum Way: String, Sendable, CaseIterable {
    /// `martlet sync` comes after the deeds, and looks at everything.
    case sync
    /// `martlet run` is there while they are done, and is told of each.
    case watch
  }

  package let name: String
  /// On both sides and in the base; nil where martlet comes for the first time.
  var before: String?
  var deeds: [Deed]
  /// How each side has to end.
  var after: Sides<MailPicture>
  var ways = Way.allCases
  var servers = CrashCase.Server.allCases
  /// Where a far folder takes what is deleted locally.
  var trash: String?
  /// A person has allowed mass deletions.
  var allowsDeletions = false
  /// The brake has to hold, and nothing may be deleted.
  var isHeld = false
  var layout = MaildirLayout.nested
  /// It has found a bug of martlet once: its every step is played, also where only a part of the table is.
  var hasFoundBug = false
  /// The server stores no other keywords than these.
  var keywords: [String]?

  init(_ name: String, from before: String?, _ deeds: [Deed], to after: String) {
    self.init(name, from: before, deeds, near: after, far: after)
  }

  init(_ name: String, from before: String?, _ deeds: [Deed], near: String, far: String) {
    self.name = name
    self.before = before
    self.deeds = deeds
    after = Sides(near: MailPicture(near), far: MailPicture(far))
  }

  func with(_ change: (inout Self) -> Void) -> Self {
    var copy = self
    change(&copy)
    return copy
  }
}

/// A scenario before one kind of server, in one way.
package struct CrashCase: Sendable, CustomStringConvertible {
  package enum Server: String, Sendable, CaseIterable {
    /// Every extension there is.
    case full
    /// IMAP4rev1 alone.
    case bare
  }

  package let scenario: CrashScenario
  package let way: CrashScenario.Way
  package let server: Server

  package var description: String { "\(scenario.name)/\(way.rawValue)/\(server.rawValue)" }

  /// Every case of the table.
  package static var all: [CrashCase] {
    CrashScenario.table.flatMap { scenario in
      scenario.ways.flatMap { way in
        scenario.servers.map { CrashCase(scenario: scenario, way: way, server: $0) }
      }
    }
  }
}
