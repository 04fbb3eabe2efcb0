import Foundation
import Support

/// What the command line says.
struct SoakOptions: Sendable {
  static let usage = "usage: martlet-soak [--minutes N] [--seed N] [--log FILE] [--martlet PROGRAM]"

  var minutes = 120
  /// Repeats the clients' dice; what comes of them depends on the moments too.
  var seed: UInt64 = 1
  var logFile = "/tmp/martlet-soak.log"
  /// By default the one built beside this.
  var program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appendingPathComponent("martlet").path

  init(_ arguments: some Sequence<String>) throws {
    var rest = Array(arguments)[...]
    while let argument = rest.popFirst() {
      guard let value = rest.popFirst() else { throw SupportError(Self.usage) }
      switch (argument, UInt64(value)) {
      case ("--minutes", let number?) where number > 0: minutes = Int(min(number, 100_000))
      case ("--seed", let number?): seed = number
      case ("--log", _): logFile = value
      case ("--martlet", _): program = value
      default: throw SupportError("\(argument) \(value)? \(Self.usage)")
      }
    }
  }
}
