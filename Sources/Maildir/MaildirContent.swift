import Digests
import Mail
import Ports

/// A file's content on its way out, in wire form.
@Loop
final class MaildirContent: MessageContent {
  /// A piece of a message; it doubles at most where every byte is a line end.
  static let pieceSize = 128 << 10
  /// Of a message's file. What IMAP4rev1 can count (RFC 3501 §9, `number`), and more than any server takes.
  static let sizeMax = 4 << 30

  let wireSize: Int
  let date: InternalDate?
  private let reader: any FileReader
  private let isWireForm: Bool
  private let name: String
  private var given = 0

  /// `lines` counted the file from its start to its end through this very reader.
  init(_ name: String, _ reader: any FileReader, _ lines: LineCount) {
    self.name = name
    self.reader = reader
    wireSize = lines.wireSize
    isWireForm = lines.isWireForm
    date = reader.modified
  }

  func next() async throws(StoreError) -> [UInt8]? {
    let bytes: [UInt8]
    let isUnchanged: Bool
    do {
      bytes = try await reader.read(upTo: Self.pieceSize)
      isUnchanged = bytes.isEmpty ? try reader.isUnchanged() : true
    } catch {
      throw StoreError(.message, error.kind.storeKind, "\(printable(name)): \(error.text)")
    }
    let wire = isWireForm ? bytes : LineEnds.toWire(bytes)
    given += wire.count
    guard isUnchanged, given <= wireSize, !bytes.isEmpty || given == wireSize else {
      throw StoreError(.message, .gone, "\(printable(name)): the file changed while it was read; it is looked at again")
    }
    return bytes.isEmpty ? nil : wire
  }
}
