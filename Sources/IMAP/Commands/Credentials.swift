package import Mail

/// A user and a password that IMAP can say.
package struct Credentials: Sendable {
  package let user: String
  package let password: Secret<String>

  /// Longest user and longest password, in UTF-8 octets.
  package static let lengthMax = 4096

  /// Nil for a NUL, which would end a field of SASL PLAIN (RFC 4616) early, or for a length beyond reason.
  package init?(user: String, password: Secret<String>) {
    let fields = [user, password.reveal()]
    guard fields.allSatisfy({ $0.utf8.count <= Self.lengthMax && !$0.utf8.contains(0) }) else { return nil }
    self.user = user
    self.password = password
  }

  /// What SASL PLAIN says (RFC 4616), as it goes over the wire.
  var plainMessage: [UInt8] {
    let fields = [[], Array(user.utf8), Array(password.reveal().utf8)]
    return Base64.encode(Array(fields.joined(separator: [0])))
  }

  /// What a server said in answer to a login, with `***` where it repeats the password (law L13).
  package func hidden(in text: String) -> String { String(decoding: hidden(in: Array(text.utf8)), as: UTF8.self) }

  func hidden(in octets: [UInt8]) -> [UInt8] {
    let password = Array(password.reveal().utf8)
    let quoted = password.flatMap {
      [UInt8(ascii: "\\"), UInt8(ascii: "\"")].contains($0) ? [UInt8(ascii: "\\"), $0] : [$0]
    }
    // The longest first: a shorter one may be part of it.
    return [plainMessage, quoted, password].reduce(octets) { text, secret in
      secret.isEmpty ? text : text.replacing(secret, with: Array("***".utf8))
    }
  }
}
