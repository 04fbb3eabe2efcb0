import Ports

/// What the inner process asks of the outer one: one packet each, a letter first.
enum InnerRequest: Hashable, Sendable {
  /// Before `.seal`: this command may be started later, by its number in the order of these requests.
  case allow(command: String)
  /// From here on the inner process talks to servers: no further command is taken.
  case seal
  /// The packet carries a descriptor for each of `ends`, in their order.
  case start(id: UInt32, command: UInt32, ends: CommandEnds)
  case release(id: UInt32, CommandMercy)
  /// For the service manager, which listens to the outer process only.
  case notify(ServiceState)
  /// When this one has ended well, another is to be started, which is confined anew.
  case startAnew
}

/// Which of a command's three standard descriptors are given; the others are /dev/null.
struct CommandEnds: OptionSet, Hashable, Sendable {
  let rawValue: UInt8
  static let input = CommandEnds(rawValue: 1)
  static let output = CommandEnds(rawValue: 2)
  static let error = CommandEnds(rawValue: 4)
}

/// What the outer process tells the inner one.
enum OuterNews: Hashable, Sendable {
  /// It came to the outer process, and is meant for the inner one.
  case signal(Int32)
  case ended(id: UInt32, CommandEnd)
}

extension InnerRequest {
  var packet: [UInt8] {
    switch self {
    case .allow(let command): [UInt8(ascii: "a")] + command.utf8
    case .seal: [UInt8(ascii: "s")]
    case .start(let id, let command, let ends): [UInt8(ascii: "c")] + octets(id) + octets(command) + [ends.rawValue]
    case .release(let id, let mercy): [UInt8(ascii: "r")] + octets(id) + [mercy.rawValue]
    case .notify(let state): [UInt8(ascii: "n")] + octets(state)
    case .startAnew: [UInt8(ascii: "w")]
    }
  }

  /// Nil for what is none.
  init?(packet: [UInt8]) {
    var reader = PacketReader(packet)
    switch reader.octet() {
    case UInt8(ascii: "a"): self = .allow(command: reader.text())
    case UInt8(ascii: "s"): self = .seal
    case UInt8(ascii: "c"):
      guard let id = reader.number(), let command = reader.number(), let ends = reader.octet() else { return nil }
      self = .start(id: id, command: command, ends: CommandEnds(rawValue: ends & 7))
    case UInt8(ascii: "r"):
      guard let id = reader.number(), let mercy = reader.octet().flatMap(CommandMercy.init) else { return nil }
      self = .release(id: id, mercy)
    case UInt8(ascii: "n"):
      guard let state = reader.state() else { return nil }
      self = .notify(state)
    case UInt8(ascii: "w"): self = .startAnew
    default: return nil
    }
  }
}

extension OuterNews {
  var packet: [UInt8] {
    switch self {
    case .signal(let number): [UInt8(ascii: "s")] + octets(UInt32(bitPattern: number))
    case .ended(let id, let end):
      switch end {
      case .exited(let status): [UInt8(ascii: "e")] + octets(id) + octets(UInt32(bitPattern: status))
      case .killed(let signal): [UInt8(ascii: "k")] + octets(id) + octets(UInt32(bitPattern: signal))
      case .notStarted(let reason): [UInt8(ascii: "f")] + octets(id) + octets(UInt32(bitPattern: reason))
      }
    }
  }

  /// Nil for what is none.
  init?(packet: [UInt8]) {
    var reader = PacketReader(packet)
    guard let letter = reader.octet(), let first = reader.number() else { return nil }
    if letter == UInt8(ascii: "s") {
      self = .signal(Int32(bitPattern: first))
      return
    }
    guard let number = reader.number().map({ Int32(bitPattern: $0) }) else { return nil }
    switch letter {
    case UInt8(ascii: "e"): self = .ended(id: first, .exited(number))
    case UInt8(ascii: "k"): self = .ended(id: first, .killed(signal: number))
    case UInt8(ascii: "f"): self = .ended(id: first, .notStarted(number))
    default: return nil
    }
  }
}

private func octets(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }

private func octets(_ state: ServiceState) -> [UInt8] {
  switch state {
  case .ready: [UInt8(ascii: "r")]
  case .reloading: [UInt8(ascii: "l")]
  case .stopping: [UInt8(ascii: "s")]
  case .watchdog: [UInt8(ascii: "w")]
  case .status(let text): [UInt8(ascii: "t")] + text.utf8
  }
}

private struct PacketReader {
  private var rest: ArraySlice<UInt8>

  init(_ packet: [UInt8]) { rest = packet[...] }

  mutating func octet() -> UInt8? { rest.popFirst() }

  mutating func number() -> UInt32? {
    guard rest.count >= 4 else { return nil }
    defer { rest = rest.dropFirst(4) }
    return rest.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  mutating func state() -> ServiceState? {
    switch octet() {
    case UInt8(ascii: "r"): .ready
    case UInt8(ascii: "l"): .reloading
    case UInt8(ascii: "s"): .stopping
    case UInt8(ascii: "w"): .watchdog
    case UInt8(ascii: "t"): .status(text())
    default: nil
    }
  }

  mutating func text() -> String {
    defer { rest = [] }
    return String(decoding: rest, as: UTF8.self)
  }
}
