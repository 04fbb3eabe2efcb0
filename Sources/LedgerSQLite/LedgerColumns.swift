import Foundation
import GRDB
import Mail
import Reconciliation

extension Row {
  /// The value of a column, which SQLite's STRICT tables keep to its type; throws where the file is damaged.
  func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(_ index: Int) throws -> Value {
    do {
      return try decode(Value.self, atIndex: index)
    } catch is RowDecodingError {
      throw damaged("value", self, index)
    }
  }

  func optional<Value: DatabaseValueConvertible & StatementColumnConvertible>(_ index: Int) throws -> Value? {
    do {
      return try decode(Value?.self, atIndex: index)
    } catch is RowDecodingError {
      throw damaged("value", self, index)
    }
  }
}

/// A UID as INTEGER, a file name as TEXT.
struct KeyColumn: DatabaseValueConvertible, StatementColumnConvertible {
  let key: MessageKey

  init(_ key: MessageKey) { self.key = key }

  var databaseValue: DatabaseValue {
    switch key {
    case .uid(let uid): Int64(uid.rawValue).databaseValue
    case .file(let name): name.databaseValue
    }
  }

  static func fromDatabaseValue(_ value: DatabaseValue) -> KeyColumn? {
    switch value.storage {
    case .int64(let number): UInt32(exactly: number).flatMap(UID.init(rawValue:)).map { KeyColumn(.uid($0)) }
    case .string(let name): KeyColumn(.file(name))
    case .null, .double, .blob: nil
    }
  }

  /// GRDB's fast way from a statement's column, which it owns and keeps alive for the call.
  init?(sqliteStatement: SQLiteStatement, index: CInt) {
    let value = unsafe DatabaseValue(sqliteStatement: sqliteStatement, index: index)
    guard let column = Self.fromDatabaseValue(value) else { return nil }
    self = column
  }

  static func value(_ key: MessageKey) -> DatabaseValue { KeyColumn(key).databaseValue }
  static func key(_ row: Row, _ index: Int) throws -> MessageKey { try (row.value(index) as KeyColumn).key }
}

/// The system flags as a number, the keywords as text.
enum FlagColumns {
  static func system(_ flags: FlagSet) -> DatabaseValue { Int64(flags.system.rawValue).databaseValue }

  static func keywords(_ flags: FlagSet) -> DatabaseValue {
    guard !flags.keywords.isEmpty else { return .null }
    return flags.keywords.lazy.map(\.text).joined(separator: " ").databaseValue
  }

  /// Flags at `index`, keywords at the next.
  static func flags(_ row: Row, _ index: Int) throws -> FlagSet {
    let number: Int64 = try row.value(index)
    guard let bits = UInt8(exactly: number) else { throw damaged("flags", row, index) }
    var flags = FlagSet.none
    flags.system = SystemFlags(rawValue: bits)
    // Most rows end here.
    guard !row.hasNull(atIndex: index + 1) else { return flags }
    let text: String = try row.value(index + 1)
    for word in text.split(separator: " ") {
      guard let keyword = Keyword(String(word)) else { throw damaged("keywords", row, index + 1) }
      flags.insert(keyword)
    }
    return flags
  }
}

/// Text that may hold a NUL, at which SQLite's TEXT would end for many readers; such text is a BLOB of its UTF-8.
enum TextColumn {
  static func value(_ text: String) -> DatabaseValue {
    text.utf8.contains(0) ? Data(text.utf8).databaseValue : text.databaseValue
  }

  static func text(_ row: Row, _ index: Int) throws -> String? {
    switch try row.decode(DatabaseValue.self, atIndex: index).storage {
    case .null: return nil
    case .string(let text): return text
    case .blob(let data): return String(decoding: data, as: UTF8.self)
    case .int64, .double: throw damaged("text", row, index)
    }
  }
}

enum DigestColumn {
  static func value(_ digest: MessageDigest) -> DatabaseValue { Data(digest.bytes).databaseValue }

  static func digest(_ row: Row, _ index: Int) throws -> MessageDigest {
    guard let digest = MessageDigest(bytes: Array(try row.value(index) as Data)) else {
      throw damaged("digest", row, index)
    }
    return digest
  }
}

/// Digest, size and Message-ID in three columns.
enum IdentityColumns {
  static func values(_ identity: MessageIdentity) -> [DatabaseValue] {
    [
      DigestColumn.value(identity.digest), identity.wireSize.databaseValue,
      identity.messageID.map(TextColumn.value) ?? .null,
    ]
  }

  static func identity(_ row: Row, _ index: Int) throws -> MessageIdentity {
    MessageIdentity(
      digest: try DigestColumn.digest(row, index), wireSize: try row.value(index + 1),
      messageID: try TextColumn.text(row, index + 2))
  }
}

enum DateColumn {
  static func value(_ date: InternalDate?) -> DatabaseValue { date?.secondsSince1970.databaseValue ?? .null }
  static func date(_ row: Row, _ index: Int) throws -> InternalDate? {
    try (row.optional(index) as Int64?).map(InternalDate.init(secondsSince1970:))
  }
}

enum SideColumn {
  static func value(_ side: Side) -> DatabaseValue { (side == .near ? 0 : 1).databaseValue }
  static func side(_ row: Row, _ index: Int) throws -> Side {
    switch try row.value(index) as Int {
    case 0: .near
    case 1: .far
    default: throw damaged("side", row, index)
    }
  }
}

/// A value that martlet never wrote. The reader adds the file's name and what to do.
func damaged(_ what: String, _ row: Row, _ index: Int) -> DatabaseError {
  let column = Array(row.columnNames)[index]
  return DatabaseError(resultCode: .SQLITE_CORRUPT, message: "\(what) in column \(column) cannot be read")
}
