/// What is wrong with a simulated server just now. Everything can be switched at any moment, and holds from the next
/// command on.
package struct ServerTrouble: Sendable {
  /// LIST and LSUB answer OK and name nothing (law L8).
  package var listsNothing = false
  /// Mailboxes by name whose SELECT and STATUS show 0 messages, with UIDVALIDITY and UIDNEXT as ever (law L8).
  package var showsEmpty: Set<String> = []
  /// A message with these octets in it cannot be stored: NO.
  package var refusesStoring: [UInt8]?
  /// A message with these octets in it cannot be read: the FETCH that asks for it ends in NO, and it is not shown.
  package var refusesReading: [UInt8]?
  /// NO [UNAVAILABLE] to every command of a logged-in session but NOOP, CAPABILITY, LOGOUT and IDLE.
  package var refusesEverything = false
  /// NO [OVERQUOTA] to whatever would add a message.
  package var isOverQuota = false
  /// Mailboxes by name that are selected READ-ONLY, as another person's may be.
  package var readOnly: Set<String> = []
  /// Mailboxes by name of which nothing is expunged: NO [NOPERM] to EXPUNGE and MOVE.
  package var keepsAll: Set<String> = []
  /// NO [AUTHENTICATIONFAILED], whatever the password.
  package var refusesLogin = false
  /// NO [UNAVAILABLE] to logins: not the password's fault.
  package var isTooBusyForLogin = false
  /// Reads, carries nothing out, and says nothing any more: half-open as seen from the client.
  package var isSilent = false
  /// Carries out and never tells by IDLE or NOTIFY, though it announces both.
  package var forgetsToPush = false
  /// SELECT says NOMODSEQ, and no modification sequence is told (RFC 7162 §3.1.2.2).
  package var hasNoModSeqs = false
  /// Commands whose next answer is lost: they are carried out, and the connection is cut before a word of it leaves.
  package var losesNextAnswer: Set<ServerVerb> = []
  /// Besides the profile's.
  package var answerDelay = Duration.zero

  package init() {}
}
