/// The brake on mass deletion (law L9): how many messages of a folder may go in one breath.
package struct Brake: Hashable, Sendable {
  /// Deletions up to this many never hold a folder back.
  package var freeCount: Int
  /// Beyond that, more than this share of the folder, in percent, does.
  package var percent: Int

  package init(freeCount: Int = 20, percent: Int = 50) {
    precondition(freeCount >= 0 && (0...100).contains(percent), "a brake has a count and a share of 0 to 100 percent")
    self.freeCount = freeCount
    self.percent = percent
  }

  /// `recent` deletions were carried out a moment ago and count with the ones asked for, and with the folder's size:
  /// a storm that comes in drops is a storm.
  package func holds(_ count: Int, of total: Int, recent: Int = 0) -> Bool {
    let wanted = count + recent
    return wanted > freeCount && wanted * 100 > (total + recent) * percent
  }
}
