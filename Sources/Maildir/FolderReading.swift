import Digests
import Mail
import Ports

extension MaildirFolder {
  /// Reads each message that is there, one after another. One that cannot be read is remembered as unreadable.
  func identify(_ keys: [MessageKey]) async throws(FileError) -> [MessageKey: Identified] {
    var result: [MessageKey: Identified] = [:]
    let absent = try await absent(keys)
    for key in keys where !absent.contains(key) {
      guard let unique = key.fileName else { continue }
      do {
        result[key] = try await identify(unique)
      } catch {
        guard error.isOfOneFile else { throw error }
        unreadableFiles[unique] = error.text
      }
    }
    return result
  }

  /// Hands on each message's content in wire form. Failures of one file go to `receive`; gone messages are left out.
  func read(
    _ keys: [MessageKey],
    receive: @Loop (MessageKey, Result<any MessageContent, StoreError>) async throws(StoreError) -> Void
  ) async throws(StoreError) {
    let absent: Set<MessageKey>
    do {
      absent = try await self.absent(keys)
    } catch {
      throw root.failure(error, in: name)
    }
    for key in keys where !absent.contains(key) {
      guard let unique = key.fileName else { continue }
      let opened: Result<(any FileReader, LineCount)?, FileError>
      do {
        opened = .success(try await openCounted(unique))
      } catch {
        guard error.isOfOneFile else { throw root.failure(error, in: name) }
        opened = .failure(error)
      }
      switch opened {
      case .success(nil): continue
      case .success((let reader, let lines)?):
        defer { reader.close() }
        try await receive(key, .success(MaildirContent(unique, reader, lines)))
      case .failure(let error):
        let failure = StoreError(.message, error.kind.storeKind, "\(printable(name.description)): \(error.text)")
        try await receive(key, .failure(failure))
      }
    }
  }

  /// Nil where the message is not there any more.
  func openMessage(_ unique: String) async throws(FileError) -> (any FileReader)? {
    try await withPlace(of: unique) { place throws(FileError) in
      try root.fileSystem.open(path(place, of: unique))
    }
  }

  private func identify(_ unique: String) async throws(FileError) -> Identified? {
    guard let reader = try await openMessage(unique) else { return nil }
    return try await Self.identify(reader, unique)
  }

  /// Closes it. Nil where it changed while it was read. Whoever reads a hundred thousand is not waited for when the
  /// connection breaks for which it reads.
  static func identify(_ reader: any FileReader, _ path: String) async throws(FileError) -> Identified? {
    defer { reader.close() }
    let digester = MessageDigester(of: .file)
    try requireMessageSize(reader.size, path)
    try await reader.forEachPiece { piece throws(FileError) in
      guard !Task.isCancelled else { throw FileError(.cancelled, path: path, "stopped") }
      digester.update(piece)
    }
    // Still being written: the watch will tell when it is whole.
    guard try reader.isUnchanged() else { return nil }
    return Identified(identity: digester.finish(), date: reader.modified)
  }

  private func openCounted(_ unique: String) async throws(FileError) -> (any FileReader, LineCount)? {
    guard let reader = try await openMessage(unique) else { return nil }
    do {
      var lines = LineCount()
      try Self.requireMessageSize(reader.size, unique)
      try await reader.forEachPiece { lines.count($0) }
      try reader.rewind()
      return (reader, lines)
    } catch {
      reader.close()
      throw error
    }
  }
}

extension MaildirFolder {
  /// A file with holes may be larger than anything on its disk, and would be read for hours (law L11).
  static func requireMessageSize(_ size: Int, _ path: String) throws(FileError) {
    guard size > MaildirContent.sizeMax else { return }
    throw FileError(
      .tooLarge, path: path,
      "read \(printable(path)): it is larger than any message, with \(size) bytes; left where it is until it is smaller"
    )
  }
}

extension FileReader {
  /// Hands on the content, and ends one byte behind the size that the file had when it was opened: one that grows as fast
  /// as it is read has no end, and that byte tells `isUnchanged` of it.
  func forEachPiece(_ receive: ([UInt8]) throws(FileError) -> Void) async throws(FileError) {
    var given = 0
    while given <= size {
      let bytes = try await read(upTo: min(size - given, MaildirContent.pieceSize - 1) + 1)
      if bytes.isEmpty { return }
      given += bytes.count
      try receive(bytes)
    }
  }
}

extension FileError {
  /// False where every other file would fail too.
  var isOfOneFile: Bool {
    switch kind {
    case .notRegular, .accessDenied, .nameTooLong, .tooLarge, .failed, .unsupported, .exists, .notEmpty: true
    case .notFound, .full, .readOnly, .tooManyOpen, .watchLimit, .held, .cancelled: false
    }
  }
}
