import IMAP
import Support
import Testing

/// How a server's octets are cut on their way.
enum Cut: CaseIterable, Sendable, CustomTestStringConvertible {
  case whole, octetByOctet, atRandom

  var testDescription: String {
    switch self {
    case .whole: "whole"
    case .octetByOctet: "octet by octet"
    case .atRandom: "at random"
    }
  }

  func chunks(_ octets: [UInt8], _ random: inout Dice) -> [[UInt8]] {
    switch self {
    case .whole: return [octets]
    case .octetByOctet: return octets.map { [$0] }
    case .atRandom:
      var rest = octets[...]
      var chunks: [[UInt8]] = []
      while !rest.isEmpty {
        let count = Int.random(in: 1...Swift.max(1, Swift.min(rest.count, 40)), using: &random)
        chunks.append(Array(rest.prefix(count)))
        rest = rest.dropFirst(count)
      }
      return chunks
    }
  }
}

@Suite("Transcripts")
struct TranscriptTests {
  @Test("a conversation goes as written, however its octets are cut", arguments: Transcript.all, Cut.allCases)
  func conversation(_ transcript: Transcript, _ cut: Cut) throws {
    for seed in 1...(cut == .atRandom ? 20 : 1) {
      var random = Dice(seed: UInt64(seed))
      var session = Session()
      for step in transcript.steps {
        var effects: [SessionEffect] = []
        switch step.stimulus {
        case .caller(let line): effects = session.handle(try CallerLine.event(line))
        case .server(let octets):
          for chunk in cut.chunks(octets, &random) { effects += session.handle(.received(chunk)) }
        }
        let happened = [Transcript.Expected](effects)
        try #require(happened == step.expected, "\(transcript.name):\(step.line), seed \(seed)")
      }
    }
  }

  @Test("there are transcripts to run")
  func library() { #expect(Transcript.all.count >= 15) }
}
