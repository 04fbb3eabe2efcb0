import Foundation

/// Writes the bytes of one sample message.
struct SampleText {
  private let mail: SampleMail
  private var dice: Dice
  private var output: [UInt8] = []

  init(mail: SampleMail, dice seed: Int) {
    self.mail = mail
    dice = Dice(seed: UInt64(seed))
  }

  /// The whole message, CRLF.
  func message() -> [UInt8] {
    var writer = self
    writer.output.reserveCapacity(mail.size + 2_000)
    writer.writeHeader()
    writer.writeBody()
    return writer.output
  }

  private static let people = ["Anna Berg", "Ben Okoro", "Chen Wei", "Dora Novak", "Elif Kaya", "Finn Larsen"]
  private static let peopleAbroad = ["Jürgen Groß", "Zoë Müller", "山田太郎", "Владимир Орлов", "Łukasz Żak"]
  private static let words = [
    "meeting", "the", "report", "tomorrow", "server", "budget", "and", "we", "should", "review", "before", "lunch",
    "patch", "attached", "question", "about", "delivery", "of", "new", "paper", "thanks", "regards", "in", "train",
  ]
  private static let wordsAbroad = ["Grüße", "schön", "naïve", "façade", "東京", "встреча", "Öl", "señor", "– ja"]

  // MARK: Header

  private mutating func writeHeader() {
    let isAbroad = mail.kind == .international
    let sender = dice.pick(isAbroad ? Self.peopleAbroad : Self.people)
    let subject = (isAbroad ? dice.pick(Self.wordsAbroad) + " " : "") + sentence(3 + dice.below(5))
    let address = "person\(dice.below(500))@example.org"
    line("Return-Path: <\(address)>")
    line("Received: from mx\(dice.below(9)).example.org (mx.example.org [192.0.2.\(dice.below(250))])")
    line("\tby mail.example.net with ESMTPS id \(String(dice.next(), radix: 36)); \(dateText)")
    line("Date: \(dateText)")
    line("From: \(encodedWord(sender)) <\(address)>")
    line(mail.kind == .list ? "To: martlet-devel@lists.example.org" : "To: reader@example.net")
    line("Subject: \(mail.kind == .list ? "[martlet] " : "")\(encodedWord(subject))")
    line("Message-ID: \(mail.messageID)")
    if mail.kind == .list || (mail.kind == .plain && mail.number % 3 == 0), mail.number > 0 { writeThread() }
    if mail.kind == .list {
      line("List-Id: martlet development <martlet-devel.lists.example.org>")
      line("List-Post: <mailto:martlet-devel@lists.example.org>")
      line("List-Unsubscribe: <https://lists.example.org/leave/\(dice.below(9_999))>")
      line("Precedence: list")
    }
    line("MIME-Version: 1.0")
  }

  /// An answer to one or more messages before it.
  private mutating func writeThread() {
    let parent = dice.below(mail.number)
    let earlier = SampleMail(seed: mail.seed, number: parent).messageID
    line("In-Reply-To: \(earlier)")
    line("References: \(SampleMail(seed: mail.seed, number: parent / 2).messageID)")
    line("\t\(earlier)")
  }

  /// RFC 5322 §3.3, without the day's name, which is optional.
  private var dateText: String {
    IMAPDate.text(mail.date).split(separator: "-", maxSplits: 2).joined(separator: " ")
  }

  /// RFC 2047, for text beyond ASCII.
  private func encodedWord(_ text: String) -> String {
    text.utf8.allSatisfy { $0 < 0x80 } ? text : "=?UTF-8?B?\(Data(text.utf8).base64EncodedString())?="
  }

  // MARK: Body

  private mutating func writeBody() {
    switch mail.kind {
    case .plain, .list:
      line("Content-Type: text/plain; charset=us-ascii")
      line("")
      writeText(upTo: mail.size)
    case .international:
      line("Content-Type: text/plain; charset=utf-8")
      line("Content-Transfer-Encoding: quoted-printable")
      line("")
      writeText(upTo: mail.size, quotedPrintable: true)
    case .eightBit:
      line("Content-Type: text/plain; charset=iso-8859-1")
      line("Content-Transfer-Encoding: 8bit")
      line("")
      // ISO 8859-1: ü is FC, which is not UTF-8.
      repeat {
        writeBytes(Array(sentence(6).utf8) + [0x20, 0x66, 0xFC, 0x72, 0xA0, 0xDF, 0xFF])
      } while output.count < mail.size
    case .longLines:
      line("Content-Type: text/html; charset=us-ascii")
      line("")
      repeat {
        var long = "<p>"
        while long.utf8.count < 980 { long += sentence(1) + " " }
        line(String(long.prefix(990)))
      } while output.count < mail.size
    case .alternative:
      writeAlternative()
    case .attachment:
      writeAttachments()
    }
  }

  private mutating func writeAlternative() {
    let boundary = "alt-\(mail.number)"
    line("Content-Type: multipart/alternative; boundary=\"\(boundary)\"")
    line("")
    line("--\(boundary)")
    line("Content-Type: text/plain; charset=us-ascii")
    line("")
    writeText(upTo: mail.size / 3)
    line("--\(boundary)")
    line("Content-Type: text/html; charset=us-ascii")
    line("")
    line("<html><body>")
    repeat { line("<p>\(sentence(9))</p>") } while output.count < mail.size - 40
    line("</body></html>")
    line("--\(boundary)--")
  }

  private mutating func writeAttachments() {
    let boundary = "mix-\(mail.number)"
    line("Content-Type: multipart/mixed; boundary=\"\(boundary)\"")
    line("")
    line("--\(boundary)")
    line("Content-Type: text/plain; charset=us-ascii")
    line("")
    writeText(upTo: output.count + 200)
    line("--\(boundary)")
    line("Content-Type: application/octet-stream; name=\"data-\(mail.number).bin\"")
    line("Content-Transfer-Encoding: base64")
    line("Content-Disposition: attachment; filename=\"data-\(mail.number).bin\"")
    line("")
    writeBase64(upTo: mail.size - 20)
    line("--\(boundary)--")
  }

  private mutating func writeText(upTo size: Int, quotedPrintable: Bool = false) {
    repeat {
      switch dice.below(12) {
      case 0: line("")
      // Lines that trip careless programs: mbox's From, a lone dot, a signature, trailing blanks.
      case 1: line("From here on, \(sentence(4))")
      case 2: line("-- ")
      case 3: line(".")
      case 4: line("> \(sentence(8))")
      default: line(sentence(10) + (quotedPrintable ? " " + quoted(dice.pick(Self.wordsAbroad)) : ""))
      }
    } while output.count < size
  }

  private func quoted(_ text: String) -> String {
    text.utf8.map { byte in
      byte < 0x80 && byte != UInt8(ascii: "=") ? String(UnicodeScalar(byte)) : "=" + hex(byte)
    }.joined()
  }

  private func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.count < 2 ? "0" + digits : digits
  }

  private mutating func writeBase64(upTo size: Int) {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    repeat {
      var row: [UInt8] = []
      row.reserveCapacity(78)
      // Ten characters of six bits from each number.
      for _ in 0..<8 {
        var bits = dice.next()
        for _ in 0..<10 where row.count < 76 {
          row.append(alphabet[Int(bits & 0x3F)])
          bits >>= 6
        }
      }
      writeBytes(row)
    } while output.count < size
  }

  private mutating func sentence(_ count: Int) -> String {
    (0..<count).map { _ in dice.pick(Self.words) }.joined(separator: " ")
  }

  private mutating func line(_ text: String) { writeBytes(Array(text.utf8)) }

  private mutating func writeBytes(_ bytes: [UInt8]) {
    output.append(contentsOf: bytes)
    output.append(0x0D)
    output.append(0x0A)
  }
}
