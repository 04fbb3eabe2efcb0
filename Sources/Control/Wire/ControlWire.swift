// Control: the protocol between `martlet run` and the other commands, over a Unix socket, and the values that travel
// on it, which are also what `--json` prints. It knows no engine. Read this file first, then ControlRequest,
// ControlReply and ControlServer. It may import Ports and Mail, and Foundation for JSON.

import Foundation

/// The form on the wire: one JSON object a line. A caller sends one request; the daemon answers with replies and
/// closes. Keys that are not known are passed over, so that new ones may come without a new version.
package enum ControlWire {
  /// Raised when an old reader would misunderstand; both ends must then be of the same.
  package static let version = 1
  /// A request may name a few thousand folders.
  package static let requestLengthMax = 1 << 20
  /// The status of an account with many thousand folders.
  package static let replyLengthMax = 64 << 20
  /// A report's problems and plan travel in pieces of so many, so that no line is longer for there being more.
  package static let pieceCount = 500

  /// With the line's end.
  package static func line(_ value: some Encodable) throws(ControlError) -> [UInt8] {
    do {
      return try Array(encoder.encode(value)) + [UInt8(ascii: "\n")]
    } catch {
      throw ControlError(.malformed, "a value could not be written as JSON: \(error)")
    }
  }

  package static func value<Value: Decodable>(_ type: Value.Type, from line: [UInt8]) throws(ControlError) -> Value {
    do {
      return try decoder.decode(type, from: Data(line))
    } catch {
      throw ControlError(.malformed, "what came over the control socket is not what was expected there")
    }
  }

  /// For standard output: sorted, so that two runs compare.
  package static func printed(_ value: some Encodable) throws(ControlError) -> String {
    do {
      return String(decoding: try printer.encode(value), as: UTF8.self)
    } catch {
      throw ControlError(.malformed, "a value could not be written as JSON: \(error)")
    }
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  private static var printer: JSONEncoder {
    let printer = encoder
    printer.outputFormatting.insert(.prettyPrinted)
    return printer
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }
}

/// Why a conversation over the control socket failed.
package struct ControlError: Error, Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// The stream broke, or the other end closed before it had said all.
    case disconnected
    /// Not our protocol, or a line beyond the limit.
    case malformed
    /// The other end speaks another version.
    case otherVersion
    /// Nothing came in time from a daemon that is there.
    case silent
  }

  package let kind: Kind
  package let text: String

  package init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }
}
