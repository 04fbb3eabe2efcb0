import Ports

/// A door through which strangers' octets come in, and what must hold whatever they are (law L12).
///
/// `martlet-fuzz` feeds it with what libFuzzer thinks up; `FuzzingTests` with the inputs kept in the tree.
package struct FuzzTarget: Sendable {
  package let name: String
  /// Octets of an input, at most: large enough to reach every limit, small enough for thousands of inputs a second.
  package let lengthMax: Int
  private let body: @Loop @Sendable ([UInt8], any RestingLoop) async throws -> Void

  package static let all = [session, store, maildir, folders, utf7, configuration, control, message]

  init(
    _ name: String, lengthMax: Int, _ body: @escaping @Loop @Sendable ([UInt8], any RestingLoop) async throws -> Void
  ) {
    self.name = name
    self.lengthMax = lengthMax
    self.body = body
  }

  package static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }

  /// Throws `Broken` where something does not hold.
  @Loop
  package func run(_ input: [UInt8], on loop: any RestingLoop) async throws { try await body(input, loop) }
}

/// What should have held, and did not.
package struct Broken: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// Says when everybody waits for something, which is when a stranger's next word may come.
package protocol RestingLoop: Sendable {
  /// False where the others never rest.
  @Loop func rest() async -> Bool
}

func demand(_ holds: Bool, _ otherwise: @autoclosure () -> String) throws(Broken) {
  guard holds else { throw Broken(otherwise()) }
}
