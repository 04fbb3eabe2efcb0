import Ports
import Reactor

/// Something that happens once, for which several may wait.
@Loop
final class Occasion {
  private var hasCome = false
  private var places: [WaitingPlace<Void>] = []

  func come() {
    hasCome = true
    for place in places { place.resume(returning: ()) }
    places.removeAll()
  }

  /// Returns at once where it has come already, and when the task is cancelled.
  func wait() async {
    guard !hasCome, !Task.isCancelled else { return }
    let place = WaitingPlace<Void>()
    places.append(place)
    _ = await place.wait()
    places.removeAll { $0 === place }
  }
}
