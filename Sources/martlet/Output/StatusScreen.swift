import Control
import Glibc
import Ports

/// Shows one status after another: on a terminal each over the last, else one below the other.
@Loop
final class StatusScreen {
  private let isJSON: Bool
  private let isLive: Bool
  private var hasShown = false

  init(_ program: ProgramContext, isJSON: Bool) {
    self.isJSON = isJSON
    isLive = !isJSON && Terminal.isLive(STDOUT_FILENO, environment: program.environment)
  }

  func show(_ status: StatusReport) throws(ControlError) {
    if isJSON {
      StandardOutput.write(String(decoding: try ControlWire.line(status).dropLast(), as: UTF8.self))
    } else if isLive {
      // Another screen, so that what was there comes back at the end.
      if !hasShown { StandardOutput.control("\u{1B}[?1049h") }
      StandardOutput.redraw(fitting(StatusText.of(status)))
    } else {
      StandardOutput.write((hasShown ? "\n" : "") + StatusText.of(status))
    }
    hasShown = true
  }

  /// A second call changes nothing.
  func leave() {
    if isLive, hasShown { StandardOutput.control("\u{1B}[?1049l") }
    hasShown = false
  }

  private func fitting(_ text: String) -> String {
    let width = Terminal.width(STDOUT_FILENO)
    let height = Terminal.height(STDOUT_FILENO) - 1
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var shown = lines.prefix(height).map { DisplayWidth.fitting(String($0), width) }
    if lines.count > height, height > 1 { shown[height - 1] = "… \(lines.count - height + 1) lines more" }
    return shown.joined(separator: "\n")
  }
}
