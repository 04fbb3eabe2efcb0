import Mail
import Reconciliation
import Testing

@Suite("A mailbox's checkpoint")
struct CheckpointTests {
  private func checkpoint(_ validity: UInt32, next: UID?) -> MailboxCheckpoint {
    MailboxCheckpoint(
      uidValidity: UIDValidity(rawValue: validity), uidNext: next, highestModSeq: .none, messageCount: 3)
  }

  @Test("numbers on from an earlier one under the same UIDVALIDITY, unless UIDNEXT went back (L8)")
  func numbersOn() {
    let now = checkpoint(1, next: 5)
    #expect(now.numbersOn(from: checkpoint(1, next: 4)))
    #expect(now.numbersOn(from: checkpoint(1, next: 5)))
    #expect(!now.numbersOn(from: checkpoint(1, next: 6)), "a backup was put back")
    #expect(!now.numbersOn(from: checkpoint(2, next: 4)))
    #expect(now.numbersOn(from: checkpoint(1, next: nil)) && checkpoint(1, next: nil).numbersOn(from: now))
  }
}
