import Mail
import Support

/// What is legal and rarely seen. Beyond this, wherever `isSurprised` is asked: untagged data and items in another order,
/// a STATUS left out of a LIST, VANISHED in pieces, COPYUID in the tagged OK, NO where others say OK [EXPUNGEISSUED].
extension ServerSession {
  /// True in as many of 100 cases as the profile says.
  var isSurprised: Bool {
    server.profile.surprisePercent > 0 && server.dice.happens(server.profile.surprisePercent)
  }

  /// Before a command's own data: RFC 9051 §7 lets a server say almost anything at any time.
  func surprise(before verb: ServerVerb, isUID: Bool) {
    guard isLoggedIn, verb.stage != .any, verb.stage != .beforeLogin, isSurprised else { return }
    switch server.dice.below(7) {
    case 0: announce(allowsExpunge: isUID || !verb.forbidsExpunge)
    case 1: announce(allowsExpunge: false)
    case 2: say("* OK Still here")
    case 3: if let view { say("* \(view.entries.count) EXISTS") }
    case 4: sayFlagsOfAny()
    case 5: say("* 0 RECENT")
    default: say("* CAPABILITY \(capabilities)")
    }
  }

  /// FLAGS unasked of a message, whether anybody has ever asked for it or not.
  private func sayFlagsOfAny() {
    guard let view, !view.entries.isEmpty else { return }
    let place = server.dice.below(view.entries.count)
    guard let message = view.mailbox.message(view.entries[place].uid) else { return }
    self.view?.entries[place].told = message.modSeq
    sayFlags(place, message)
  }
}
