import Mail
import Ports
import Reconciliation

/// What together tells a message from others without reading it; where one of them is not known, nothing does.
struct DatedTraits {
  let wireSize: Int
  let messageID: String
  let date: InternalDate

  init?(_ observation: Observation) {
    guard let traits = observation.traits, let wireSize = traits.wireSize, let messageID = traits.messageID,
      let date = traits.date
    else { return nil }
    self.wireSize = wireSize
    self.messageID = messageID
    self.date = date
  }

  /// True where it has all that martlet sent the message with.
  func areThose(of draft: IntentDraft) -> Bool {
    messageID == draft.identity?.messageID && wireSize == draft.identity?.wireSize && date == draft.date
  }
}
