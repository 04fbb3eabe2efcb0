import Disk
import Glibc
import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Testing

/// A Maildir in a temporary directory, a store on it, and the hands of another program.
@Loop
final class MaildirFixture {
  let path: String
  let store: MaildirStore
  let clock: ReactorClock

  /// The store is open, with the folders made.
  static func make(
    _ layout: MaildirLayout = .nested, folders: [String] = ["INBOX"], in path: String? = nil, marker: String? = nil,
    isSynced: Bool = true, secondsAhead: Int64 = 0
  ) async throws -> MaildirFixture {
    let path = try path ?? temporaryDirectory()
    let fileSystem: (any FileSystem)? = isSynced ? nil : FaultyFileSystem(root: path)
    let fixture = try MaildirFixture(layout, path, marker, fileSystem: fileSystem, secondsAhead: secondsAhead)
    try await fixture.store.open()
    fixture.store.rely()
    for folder in folders { try await fixture.store.createFolder(name(folder)) }
    return fixture
  }

  init(
    _ layout: MaildirLayout, _ path: String, _ marker: String?, fileSystem: (any FileSystem)? = nil,
    secondsAhead: Int64 = 0, keepSeconds: Int64 = 0
  ) throws {
    let reactor = Reactor.startShared()
    self.path = path
    clock = ReactorClock(reactor)
    store = MaildirStore(
      title: "test", layout: layout, fileSystem: fileSystem ?? DiskFileSystem(root: path),
      clock: LaterClock(clock, secondsAhead: secondsAhead),
      names: UniqueNames(host: "host", processID: getpid(), tag: .random(in: 0 ... .max)), expectedMarker: marker,
      keepSeconds: keepSeconds,
      makeWatcher: { () throws(FileError) in try InotifyWatcher(reactor, root: path) })
  }

  /// Closes the store and removes the tree.
  func remove() async {
    await store.close()
    removeTree(path)
  }

  // MARK: - Another program

  func write(_ name: String, _ content: String, date: Int? = nil) throws {
    try write(name, Array(content.utf8), date: date)
  }

  func write(_ name: String, _ content: [UInt8], date: Int? = nil) throws {
    let number = unsafe open(full(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(number >= 0, "\(name): errno \(errno)")
    var written = 0
    while written < content.count {
      written += unsafe content.withUnsafeBytes {
        unsafe Glibc.write(number, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
    }
    if let date { try setTime(name, date) }
    close(number)
  }

  func rename(_ source: String, _ target: String) throws {
    try #require(unsafe Glibc.rename(full(source), full(target)) == 0, "\(source): errno \(errno)")
  }

  func link(_ source: String, _ target: String) throws {
    try #require(unsafe Glibc.link(full(source), full(target)) == 0, "\(source): errno \(errno)")
  }

  func symlink(_ content: String, _ name: String) throws {
    try #require(unsafe Glibc.symlink(content, full(name)) == 0, "\(name): errno \(errno)")
  }

  func unlink(_ name: String) throws {
    try #require(unsafe Glibc.unlink(full(name)) == 0, "\(name): errno \(errno)")
  }

  func makeDirectory(_ name: String) throws {
    try #require(unsafe mkdir(full(name), 0o700) == 0, "\(name): errno \(errno)")
  }

  func removeDirectory(_ name: String) throws {
    try #require(unsafe rmdir(full(name)) == 0, "\(name): errno \(errno)")
  }

  func setTime(_ name: String, _ seconds: Int) throws {
    let times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    try #require(unsafe utimensat(AT_FDCWD, full(name), times, 0) == 0)
  }

  func time(_ name: String) -> Int {
    var status = stat()
    return unsafe stat(full(name), &status) == 0 ? status.st_mtim.tv_sec : -1
  }

  func exists(_ name: String) -> Bool { unsafe access(full(name), F_OK) == 0 }

  func content(_ name: String) -> [UInt8] {
    let number = unsafe open(full(name), O_RDONLY)
    guard number >= 0 else { return [] }
    defer { close(number) }
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe Glibc.read(number, &buffer, buffer.count)
      if count <= 0 { return result }
      result += buffer[..<count]
    }
  }

  func text(_ name: String) -> String { String(decoding: content(name), as: UTF8.self) }

  /// Sorted.
  func names(_ directory: String) -> [String] { DirectoryNames.of(full(directory)).sorted() }

  private func full(_ name: String) -> String { "\(path)/\(name)" }

  // MARK: - The store, shorter

  func lookWide(_ folder: FolderName = .inbox, since: Checkpoint? = nil) async throws -> Look {
    try await store.look(at: folder, .wide(since: since))
  }

  func pending(_ folder: FolderName = .inbox) async throws -> Look { try await store.look(at: folder, .pending) }

  /// Delivers one message, as it came from a server.
  @discardableResult
  func deliver(
    _ text: String, flags: FlagSet = .none, date: Int? = nil, to folder: FolderName = .inbox, key: MessageKey? = nil
  ) async throws -> Delivered {
    let delivery = try await store.delivery(into: folder)
    let letter = Letter(
      ticket: 1, flags: flags, date: date.map { InternalDate(secondsSince1970: Int64($0)) }, key: key)
    try await delivery.add(letter, TextContent(text))
    let result = try #require(try await delivery.commit()[1])
    return try result.get()
  }

  /// A message's bytes as they would be sent.
  func read(_ key: MessageKey, in folder: FolderName = .inbox) async throws -> String? {
    var result: String?
    try await store.read([key], in: folder) { _, content throws(StoreError) in
      let content = try content.get()
      var bytes: [UInt8] = []
      while let piece = try await content.next() { bytes += piece }
      #expect(bytes.count == content.wireSize)
      result = String(decoding: bytes, as: UTF8.self)
    }
    return result
  }
}

/// A message from memory, in wire form and in pieces.
@Loop
final class TextContent: MessageContent {
  let wireSize: Int
  let date: InternalDate? = nil
  private var rest: ArraySlice<UInt8>
  private let pieceSize: Int

  init(_ text: String, pieceSize: Int = 7) {
    rest = Array(text.utf8)[...]
    wireSize = rest.count
    self.pieceSize = pieceSize
  }

  func next() async throws(StoreError) -> [UInt8]? {
    guard !rest.isEmpty else { return nil }
    let piece = Array(rest.prefix(pieceSize))
    rest = rest.dropFirst(pieceSize)
    return piece
  }
}

func name(_ text: String) throws -> FolderName { try #require(FolderName(text)) }

func keyword(_ text: String) throws -> Keyword { try #require(Keyword(text)) }

func temporaryDirectory() throws -> String {
  var template = Array("/tmp/martlet-maildir-XXXXXX".utf8CString)
  let made = unsafe mkdtemp(&template)
  try #require(unsafe made != nil)
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// A file whose name need not be UTF-8.
func makeRawFile(in directory: String, name: [UInt8]) throws {
  let path = (Array(directory.utf8) + [0x2F] + name + [0]).map { CChar(bitPattern: $0) }
  let number = unsafe open(path, O_WRONLY | O_CREAT, 0o600)
  try #require(number >= 0)
  close(number)
}

func removeTree(_ path: String) {
  for name in DirectoryNames.of(path) {
    if unsafe unlink("\(path)/\(name)") != 0 { removeTree("\(path)/\(name)") }
  }
  _ = unsafe rmdir(path)
}
