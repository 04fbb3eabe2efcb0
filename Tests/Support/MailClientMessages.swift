import Foundation
package import Mail

extension MailClient {
  /// A message as the server has it, whole.
  package struct Message: Hashable, Sendable {
    package let uid: UID
    /// Without \Recent.
    package let flags: FlagSet
    package let internalDate: InternalDate
    /// With CRLF, as sent.
    package let bytes: [UInt8]

    package init(uid: UID, flags: FlagSet, internalDate: InternalDate, bytes: [UInt8]) {
      self.uid = uid
      self.flags = flags
      self.internalDate = internalDate
      self.bytes = bytes
    }
  }

  /// A message to append.
  package struct Draft: Sendable {
    package var bytes: [UInt8]
    package var flags: FlagSet
    /// Nil: the server's clock.
    package var date: InternalDate?
    package init(_ bytes: [UInt8], flags: FlagSet = .none, date: InternalDate? = nil) {
      self.bytes = bytes
      self.flags = flags
      self.date = date
    }
  }

  package enum FlagChange: String, Sendable {
    case add = "+FLAGS"
    case remove = "-FLAGS"
    case replace = "FLAGS"
  }

  /// Most messages put into one MULTIAPPEND.
  private static let batchMax = 64

  /// Appends a message, sent as it is. Gives its UID where the server tells it (UIDPLUS).
  @discardableResult
  package func append(
    _ bytes: [UInt8], to folder: FolderName = .inbox, flags: FlagSet = .none, date: InternalDate? = nil
  ) throws -> UID? {
    let text = try require([.text("APPEND \(wireName(folder))")] + parts(of: Draft(bytes, flags: flags, date: date)))
      .text
    return Self.responseCode("APPENDUID", in: text)?.last.flatMap { UInt32($0) }.flatMap(UID.init(rawValue:))
  }

  /// Appends many messages, in as few commands as the server allows.
  package func append(contentsOf drafts: [Draft], to folder: FolderName = .inbox) throws {
    let batch = capabilities.contains("MULTIAPPEND") ? Self.batchMax : 1
    var rest = drafts[...]
    while !rest.isEmpty {
      _ = try require([.text("APPEND \(wireName(folder))")] + rest.prefix(batch).flatMap(parts(of:)))
      rest = rest.dropFirst(batch)
    }
  }

  private func parts(of draft: Draft) -> [Part] {
    let date = draft.date.map { " \"\(IMAPDate.text($0))\"" } ?? ""
    return [.text(" (\(draft.flags))\(date) "), .literal(draft.bytes)]
  }

  package func store(
    _ change: FlagChange, _ flags: FlagSet, on uids: UIDSet, in folder: FolderName = .inbox
  ) throws {
    try ensureSelected(folder)
    try require("UID STORE \(uids) \(change.rawValue).SILENT (\(flags))")
  }

  /// Deletes messages for good: \Deleted, then UID EXPUNGE, or EXPUNGE where the server has no UIDPLUS.
  package func expunge(_ uids: UIDSet, in folder: FolderName = .inbox) throws {
    try store(.add, FlagSet(.deleted), on: uids, in: folder)
    try require(capabilities.contains("UIDPLUS") ? "UID EXPUNGE \(uids)" : "EXPUNGE")
  }

  package func move(_ uids: UIDSet, from source: FolderName = .inbox, to target: FolderName) throws {
    try ensureSelected(source)
    try require("UID MOVE \(uids) \(wireName(target))")
  }

  package func copy(_ uids: UIDSet, from source: FolderName = .inbox, to target: FolderName) throws {
    try ensureSelected(source)
    try require("UID COPY \(uids) \(wireName(target))")
  }

  /// All messages of a folder, or those of `uids`, ascending by UID.
  package func messages(in folder: FolderName = .inbox, _ uids: UIDSet? = nil) throws -> [Message] {
    try fetch("UID FLAGS INTERNALDATE BODY.PEEK[]", in: folder, uids) { item -> Message? in
      guard let uid = item.uid, let date = item["INTERNALDATE"]?.text.flatMap(IMAPDate.read),
        let bytes = item["BODY[]"]?.bytes
      else { return nil }
      return Message(uid: uid, flags: item.flags, internalDate: date, bytes: bytes)
    }.sorted { $0.uid < $1.uid }
  }

  /// The flags of all messages of a folder.
  package func flags(in folder: FolderName = .inbox) throws -> [UID: FlagSet] {
    let pairs = try fetch("UID FLAGS", in: folder, nil) { item in item.uid.map { ($0, item.flags) } }
    return Dictionary(pairs) { _, last in last }
  }

  /// One FETCH of a whole folder, each answer read by `read`; nil where it is not one of ours.
  private func fetch<Value>(
    _ items: String, in folder: FolderName, _ uids: UIDSet?, _ read: (FetchItems) -> Value?
  ) throws -> [Value] {
    // Selected anew each time: what other sessions did meanwhile must not be missing.
    try select(folder)
    return try require("UID FETCH \(uids?.description ?? "1:*") (\(items))").compactMap { response in
      try FetchItems(response).flatMap(read)
    }
  }

  /// The words behind `name` in a bracketed response code.
  static func responseCode(_ name: String, in text: String) -> [Substring]? {
    guard text.uppercased().hasPrefix("[\(name) "), let end = text.firstIndex(of: "]") else { return nil }
    return text[..<end].split(separator: " ").dropFirst().map { $0 }
  }
}

/// The attributes in one FETCH response.
private struct FetchItems {
  private var items: [String: IMAPValue] = [:]

  /// Nil for another response.
  init?(_ response: IMAPResponse) throws {
    let values = try response.values()
    guard values.count >= 4, values[2].text?.uppercased() == "FETCH", let list = values[3].items else { return nil }
    for index in stride(from: 0, to: list.count - 1, by: 2) {
      if let name = list[index].text { items[name.uppercased()] = list[index + 1] }
    }
  }

  subscript(name: String) -> IMAPValue? { items[name] }

  var uid: UID? { items["UID"]?.text.flatMap(UInt32.init).flatMap(UID.init(rawValue:)) }

  var flags: FlagSet {
    var flags = FlagSet.none
    for name in items["FLAGS"]?.items?.compactMap(\.text) ?? [] {
      if let system = SystemFlags.names.first(where: { $0.name.lowercased() == name.lowercased() })?.flag {
        flags.system.insert(system)
      } else if let keyword = Keyword(name) {
        flags.insert(keyword)
      }
    }
    return flags
  }
}
