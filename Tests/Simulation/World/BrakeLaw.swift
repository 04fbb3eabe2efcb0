import Maildir
import Ports
import Reconciliation

/// Deletions of the last minute, by place, as law L9 counts them.
struct DeletionWindows {
  struct Place: Hashable {
    let side: Side
    let name: String
  }

  struct Window {
    var times: [LoopInstant] = []
    /// Messages in the folder before the first of them.
    var total = 0
  }

  var windows: [Place: Window] = [:]
}

/// Law L9, with the brake's default: no more than half of a folder and no more than 20 messages in one breath, which the
/// program takes to be a minute long.
extension LawBook {
  private static let breath: Duration = .seconds(58)
  private static let freeCount = 20

  /// After a message was deleted there.
  func checkBrake(_ side: Side, _ name: String) {
    guard !allowsDeletions else { return }
    let place = DeletionWindows.Place(side: side, name: name)
    let now = site.clock.now
    var window = deletions.windows[place] ?? DeletionWindows.Window()
    window.times.removeAll { $0.duration(to: now) > Self.breath }
    if window.times.isEmpty { window.total = max(count(in: place) + 1, recordedCount(of: place)) }
    window.times.append(now)
    deletions.windows[place] = window
    let count = window.times.count
    guard count > Self.freeCount, count * 2 > max(window.total, self.count(in: place) + count) else { return }
    report(.brake, "\(count) of \(window.total) messages were deleted from the \(side) \(name) within a minute")
  }

  private func count(in place: DeletionWindows.Place) -> Int {
    guard place.side == .near else { return site.server.mailbox(place.name)?.messages.count ?? 0 }
    let path = place.name.isEmpty ? Setting.root : "\(Setting.root)/\(place.name)"
    return site.disk.list("\(path)/cur").count + site.disk.list("\(path)/new").count
  }

  /// Messages that were deleted by people on the place's own side meanwhile, count as well.
  private func recordedCount(of place: DeletionWindows.Place) -> Int {
    do {
      var count = 0
      for folder in try site.vault.current.folders() {
        let isPlace =
          place.side == .far
          ? site.server.mailbox(of: folder.names.far)?.name == place.name
          : (try site.setting.layout.directory(of: folder.names.near)) == place.name
        if isPlace { count += try site.vault.current.pairCount(in: folder.id) }
      }
      return count
    } catch {
      // A folder without a directory has no deletions either.
      return 0
    }
  }
}
