/// What the command line asks for.
struct SimulateOptions {
  static let usage = """
    usage: martlet-simulate [--seeds COUNT | --seeds FIRST..LAST] [--twice] [--jobs N] [--no-shrink]
           martlet-simulate --seed SEED [--actions 1,5,9] [--log] [--twice]
           martlet-simulate --crash [--scenario NAME] [--except NAME/WAY/SERVER] [--every N]
           martlet-simulate --crash --scenario NAME/WAY/SERVER --step K --death KIND [--log]

    Plays simulated worlds, one a seed, and ends with 1 where a law was broken. --twice plays each world a second
    time and compares what happened. --jobs shares the seeds out to so many processes. --actions leaves out all
    actions but these; --log prints every line of what happened. --crash plays the table of crashes at every step, or
    at every Nth, of all scenarios or of those whose name begins so, and ends with 1 where one left something wrong;
    --step plays one death alone.
    """

  var first: UInt64 = 1
  var last: UInt64 = 300
  var isTwice = false
  var jobs = 1
  var shrinks = true
  var actions: [Int]?
  var printsLog = false
  var isSingle = false
  var isCrash = false
  var scenario: String?
  /// A case that is left out.
  var except: String?
  /// Of a scenario's steps, only each such one.
  var every = 1
  var step: Int?
  var death = "kill"
  var isHelp = false
  /// One of several processes: its share begins here and goes in steps of `stride`.
  var stride: UInt64 = 1

  struct Misuse: Error, CustomStringConvertible {
    let description: String
  }

  init(_ arguments: ArraySlice<String>) throws(Misuse) {
    var rest = arguments
    while let argument = rest.popFirst() {
      switch argument {
      case "--seeds": try setSeeds(try Self.value(argument, &rest))
      case "--seed":
        first = try Self.number(argument, &rest)
        last = first
        isSingle = true
      case "--actions": actions = try Self.list(try Self.value(argument, &rest))
      case "--twice": isTwice = true
      case "--jobs": jobs = Int(max(1, min(64, try Self.number(argument, &rest))))
      case "--stride": stride = max(1, try Self.number(argument, &rest))
      case "--no-shrink": shrinks = false
      case "--log": printsLog = true
      case "--crash": isCrash = true
      case "--scenario": scenario = try Self.value(argument, &rest)
      case "--except": except = try Self.value(argument, &rest)
      case "--every": every = Int(max(1, min(10_000, try Self.number(argument, &rest))))
      case "--step": step = Int(max(1, min(1_000_000, try Self.number(argument, &rest))))
      case "--death": death = try Self.value(argument, &rest)
      case "--help", "-h": isHelp = true
      default: throw Misuse(description: "unknown argument: \(argument)")
      }
    }
  }

  private mutating func setSeeds(_ text: String) throws(Misuse) {
    let ends = text.split(separator: ".", omittingEmptySubsequences: true).map { UInt64($0) }
    switch (ends.count, ends.first ?? nil, ends.last ?? nil) {
    case (1, let count?, _): (first, last) = (1, max(1, count))
    case (2, let first?, let last?) where first <= last: (self.first, self.last) = (first, last)
    default: throw Misuse(description: "not seeds: \(text)")
    }
  }

  private static func value(_ name: String, _ rest: inout ArraySlice<String>) throws(Misuse) -> String {
    guard let value = rest.popFirst() else { throw Misuse(description: "\(name) needs a value") }
    return value
  }

  private static func number(_ name: String, _ rest: inout ArraySlice<String>) throws(Misuse) -> UInt64 {
    guard let number = UInt64(try value(name, &rest)) else { throw Misuse(description: "\(name) needs a number") }
    return number
  }

  private static func list(_ text: String) throws(Misuse) -> [Int] {
    var numbers: [Int] = []
    for piece in text.split(separator: ",") {
      guard let number = Int(piece) else { throw Misuse(description: "not a list of actions: \(text)") }
      numbers.append(number)
    }
    return numbers
  }
}
