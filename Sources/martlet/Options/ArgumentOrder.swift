/// Lets options stand before the command: `martlet -c FILE sync` is read as `martlet sync -c FILE`.
enum ArgumentOrder {
  private static let withValue: Set<String> = [
    "-c", "--config", "--state-dir", "--log-format", "--generate-completion-script",
  ]

  /// The first word that is neither an option nor an option's value is the command, and comes first.
  static func commandFirst(_ arguments: [String]) -> [String] {
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      if argument == "--" { return arguments }
      guard argument.hasPrefix("-"), argument != "-" else {
        return [argument] + arguments[..<index] + arguments[(index + 1)...]
      }
      index += takesValue(argument) ? 2 : 1
    }
    return arguments
  }

  /// Also `-vc`, whose last letter is that of an option with a value.
  private static func takesValue(_ argument: String) -> Bool {
    if withValue.contains(argument) { return true }
    return !argument.hasPrefix("--") && argument.hasSuffix("c")
      && argument.dropFirst().allSatisfy { "vqc".contains($0) }
  }
}
