package import Mail

/// How one server's names read as folders, and folders as names of that server; each the inverse of the other.
///
/// The danger is two mailboxes that read as one folder. So what would not map back to its octets is not decoded: such a
/// component is kept raw behind `&raw:`, octets that are not printable ASCII or valid UTF-8 as `=XX`, and maps back to
/// exactly what it was.
package struct MailboxNaming: Hashable, Sendable {
  package enum Encoding: Sendable { case modifiedUTF7, utf8 }

  /// Nil: the names are flat.
  package let delimiter: UInt8?
  /// The personal namespace's, such as Courier's `INBOX.`: stripped from names, and put before them again.
  package let prefix: [UInt8]
  package let encoding: Encoding

  package static let rawMark = "&raw:"

  package init(delimiter: UInt8?, prefix: [UInt8] = [], encoding: Encoding = .modifiedUTF7) {
    self.delimiter = delimiter
    self.prefix = prefix
    self.encoding = encoding
  }

  /// Nil for what is outside the personal namespace, and for what no folder can be called.
  package func folderName(for mailbox: MailboxName) -> FolderName? {
    if mailbox.isInbox { return .inbox }
    guard isPersonal(mailbox) else { return nil }
    let pieces = split(mailbox.bytes.dropFirst(prefix.count))
    let decoded = pieces.map { decode($0) ?? Self.raw($0) }
    if let name = FolderName(components: decoded), octets(of: name) == mailbox.bytes { return name }
    // The first component reads as INBOX, or names it, without being it.
    guard let first = pieces.first else { return nil }
    let marked = [Self.raw(first)] + decoded.dropFirst()
    guard let name = FolderName(components: marked), octets(of: name) == mailbox.bytes else { return nil }
    return name
  }

  /// False for what belongs to another namespace.
  package func isPersonal(_ mailbox: MailboxName) -> Bool { mailbox.isInbox || mailbox.bytes.starts(with: prefix) }

  /// Nil for a name that this server cannot express: a delimiter within a component, or levels where names are flat.
  package func mailboxName(for folder: FolderName) -> MailboxName? {
    if folder.isInbox { return .inbox }
    guard let octets = octets(of: folder), let mailbox = MailboxName(bytes: octets), !mailbox.isInbox,
      folderName(for: mailbox) == folder
    else { return nil }
    return mailbox
  }

  /// Which mailbox is meant where an unasked LIST or STATUS names it: that of this name, or, where there is none and
  /// the name cannot be modified UTF-7, the one that it would be in UTF-8 (`Quirks.eightBitNames`).
  package func mailbox(meantBy name: MailboxName, isKnown: (MailboxName) -> Bool) -> MailboxName {
    guard encoding == .modifiedUTF7, !isKnown(name), ModifiedUTF7.decode(name.bytes) == nil,
      let text = String(validating: name.bytes, as: UTF8.self),
      let encoded = MailboxName(bytes: ModifiedUTF7.encode(text))
    else { return name }
    return encoded
  }

  /// The name on the wire, not yet compared with what that would read as.
  private func octets(of folder: FolderName) -> [UInt8]? {
    if folder.isInbox { return MailboxName.inbox.bytes }
    guard folder.components.count == 1 || delimiter != nil else { return nil }
    var octets = prefix
    for (index, component) in folder.components.enumerated() {
      if index > 0, let delimiter { octets.append(delimiter) }
      guard let encoded = encode(component) else { return nil }
      octets.append(contentsOf: encoded)
    }
    return octets
  }

  private func split(_ octets: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    guard let delimiter else { return [octets] }
    return octets.split(separator: delimiter, omittingEmptySubsequences: false)
  }

  private func encode(_ component: String) -> [UInt8]? {
    if Self.isRaw(component) {
      return Self.octets(ofRaw: component.utf8.dropFirst(Self.rawMark.utf8.count))
    }
    switch encoding {
    case .modifiedUTF7: return ModifiedUTF7.encode(component)
    case .utf8: return Array(component.utf8)
    }
  }

  /// Nil for what is to be kept raw.
  private func decode(_ piece: ArraySlice<UInt8>) -> String? {
    let text: String? =
      switch encoding {
      case .modifiedUTF7: ModifiedUTF7.decode(piece)
      case .utf8: String(validating: piece, as: UTF8.self)
      }
    guard let text, !text.isEmpty, !text.utf8.contains(0), !Self.isRaw(text) else { return nil }
    return text
  }

  /// Of bytes, not of characters: an accent behind the mark would make one character with its end.
  private static func isRaw(_ component: String) -> Bool { component.utf8.starts(with: rawMark.utf8) }

  private static func raw(_ piece: ArraySlice<UInt8>) -> String {
    var text = rawMark
    let isUTF8 = String(validating: piece, as: UTF8.self) != nil
    var kept: [UInt8] = []
    for byte in piece {
      if byte == UInt8(ascii: "=") || byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !isUTF8) {
        kept.append(UInt8(ascii: "="))
        kept.append(hexadecimal[Int(byte >> 4)])
        kept.append(hexadecimal[Int(byte & 15)])
      } else {
        kept.append(byte)
      }
    }
    text += String(decoding: kept, as: UTF8.self)
    return text
  }

  /// Nil for an `=` that no `raw` has written.
  private static func octets(ofRaw text: some Collection<UInt8>) -> [UInt8]? {
    var octets: [UInt8] = []
    var rest = text[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "=") else {
        octets.append(byte)
        continue
      }
      guard let first = rest.popFirst(), let second = rest.popFirst(),
        let high = hexadecimal.firstIndex(of: first), let low = hexadecimal.firstIndex(of: second)
      else { return nil }
      octets.append(UInt8(high << 4 | low))
    }
    return octets
  }

  private static let hexadecimal = Array("0123456789ABCDEF".utf8)
}
