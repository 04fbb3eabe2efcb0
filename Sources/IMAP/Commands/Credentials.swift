package import Mail

/// A user and a password that IMAP can say.
package struct Credentials: Sendable {
  package let user: String
  package let password: Secret

  /// Longest user and longest password, in UTF-8 octets.
  package static let lengthMax = 4096
  /// Of what a server says while a login is unanswered, nothing longer is shown at all, so that all of it can be searched.
  static let searchedMax = 8 << 10

  /// Nil for a NUL, which would end a field of SASL PLAIN (RFC 4616) early, or for a length beyond reason.
  package init?(user: String, password: Secret) {
    var secret = password.octets()
    defer { wipe(&secret) }
    guard user.utf8.count <= Self.lengthMax, !user.utf8.contains(0), secret.count <= Self.lengthMax, !secret.contains(0)
    else { return nil }
    self.user = user
    self.password = password
  }

  /// What SASL PLAIN says (RFC 4616), as it goes over the wire. The caller wipes it.
  var plainMessage: [UInt8] {
    var secret = password.octets()
    // With room from the beginning: growing would leave a copy behind.
    var message: [UInt8] = []
    message.reserveCapacity(user.utf8.count + secret.count + 2)
    message.append(0)
    message.append(contentsOf: user.utf8)
    message.append(0)
    message.append(contentsOf: secret)
    defer {
      wipe(&secret)
      wipe(&message)
    }
    return Base64.encode(message)
  }

  /// What a server said in answer to a login, with `***` where it repeats the password (law L13).
  ///
  /// Before it is escaped or cut: neither what is left of the password then, nor how it is written, would be found.
  func hidden(in octets: [UInt8]) -> [UInt8] {
    guard octets.count <= Self.searchedMax else { return Array("(\(octets.count) octets during the login)".utf8) }
    var plain = plainMessage
    var password = password.octets()
    var quoted = password.flatMap {
      [UInt8(ascii: "\\"), UInt8(ascii: "\"")].contains($0) ? [UInt8(ascii: "\\"), $0] : [$0]
    }
    defer {
      wipe(&plain)
      wipe(&password)
      wipe(&quoted)
    }
    func without(_ secret: [UInt8], _ text: [UInt8]) -> [UInt8] {
      secret.isEmpty ? text : text.replacing(secret, with: Array("***".utf8))
    }
    // The longest first: a shorter one may be part of it.
    return without(password, without(quoted, without(plain, octets)))
  }
}
