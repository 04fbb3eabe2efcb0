import IMAP
import Support
import Testing

@Suite("Damaged conversations")
struct MutationTests {
  /// Octets that mean something to the parser.
  private static let tokens = [
    "{", "}", "{5}\r\n", "{9223372036854775807}\r\n", "~{0}\r\n", "\r\n", "\n", "\r", "(", ")", "((((", "\"", "\\", "[",
    "]", "<", ">", "*", "* ", "+ ", "m1 OK ", "BODY[] ", "BODY[]<0> ", "NIL", "UID ", "0", "4294967296", ":", ",", " ",
    "18446744073709551616", "\0", "\u{FF}", "* 1 FETCH (", "* OK [COPYUID 1 1:4294967295 1:4294967295] ",
  ].map { Array($0.utf8) }

  private static func mutated(_ octets: [UInt8], _ random: inout Dice) -> [UInt8] {
    var octets = octets
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0...octets.count, using: &random)
      let end = min(octets.count, place + Int.random(in: 0...6, using: &random))
      switch Int.random(in: 0..<4, using: &random) {
      case 0: octets.removeSubrange(place..<end)
      case 1: octets.insert(contentsOf: tokens.randomElement(using: &random) ?? [], at: place)
      case 2: octets.replaceSubrange(place..<end, with: tokens.randomElement(using: &random) ?? [])
      default: if place < octets.count { octets[place] = UInt8.random(in: 0...255, using: &random) }
      }
    }
    return octets
  }

  /// Plays the transcript with the server's octets as damaged; the caller obeys `.upload` and `.secure` at once.
  private static func effects(
    _ steps: [(caller: SessionEvent?, octets: [UInt8])], _ cut: Cut, _ random: inout Dice
  ) -> [SessionEffect] {
    var session = Session()
    var all: [SessionEffect] = []
    func handle(_ event: SessionEvent) {
      var waiting = session.handle(event)
      while !waiting.isEmpty {
        all += waiting
        let next: [SessionEffect] = waiting.flatMap { (effect) -> [SessionEffect] in
          switch effect {
          case .upload(let id): session.handle(.uploaded(id))
          case .secure: session.phase == .securing ? session.handle(.secured) : []
          default: []
          }
        }
        waiting = next
      }
    }
    for step in steps {
      if let caller = step.caller { handle(caller) }
      for chunk in cut.chunks(step.octets, &random) { handle(.received(chunk)) }
    }
    return all
  }

  @Test("no damage traps, and none is read differently when it is cut differently", arguments: Transcript.all)
  func damage(_ transcript: Transcript) throws {
    // Who uploads at once while more octets are at hand writes in another order than one who gets them singly.
    let isOrdered = !transcript.steps.contains { step in
      if case .caller(let line) = step.stimulus { line.contains("append") || line.contains("starttls") } else { false }
    }
    for seed in 1...400 {
      var random = Dice(seed: UInt64(seed))
      let steps: [(caller: SessionEvent?, octets: [UInt8])] = try transcript.steps.map { step in
        switch step.stimulus {
        case .caller(let line) where line.hasPrefix("uploaded") || line == "secured": return (nil, [])
        case .caller(let line): return (try CallerLine.event(line), [])
        case .server(let octets): return (nil, Self.mutated(octets, &random))
        }
      }
      let whole = Self.effects(steps, .whole, &random)
      let slow = Self.effects(steps, .octetByOctet, &random)
      guard isOrdered else { continue }
      try #require([Transcript.Expected](whole) == [Transcript.Expected](slow), "\(transcript.name), seed \(seed)")
    }
  }
}
