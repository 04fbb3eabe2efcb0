import Foundation

/// What the command line may say. `make demo` says nothing.
struct DemoOptions {
  static let usage = "usage: martlet-demo [--martlet PROGRAM] [--log FILE] [--no-stay]"

  /// The program to show: by default the one built beside this.
  var program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appendingPathComponent("martlet").path
  /// Where martlet's log goes, if it is to outlive the demo; the server's goes beside it, to `FILE.dovecot`.
  var logFile: String?
  /// Whether all stays up at the end, on a terminal.
  var stays = true

  init(_ arguments: some Sequence<String>) throws {
    var rest = Array(arguments)[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--martlet": program = try Self.value(of: argument, from: &rest)
      case "--log": logFile = try Self.value(of: argument, from: &rest)
      case "--no-stay": stays = false
      default: throw DemoFailure("unknown argument '\(argument)'; \(Self.usage)")
      }
    }
  }

  private static func value(of argument: String, from rest: inout ArraySlice<String>) throws -> String {
    guard let value = rest.popFirst() else { throw DemoFailure("\(argument) wants a value; \(usage)") }
    return value
  }
}
