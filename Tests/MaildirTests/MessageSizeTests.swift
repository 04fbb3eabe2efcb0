import Glibc
import Mail
import Ports
import Reactor
import Reconciliation
import Testing

@testable import Maildir

@Suite("A message's file", .timeLimit(.minutes(1)))
struct MessageSizeTests {
  @Test("is read up to the limit, and refused beyond", arguments: [-1, 0, 1])
  func limit(beyond: Int) async throws {
    try await Reactor.onShared {
      let outcome = Result { () throws(FileError) in
        try MaildirFolder.requireMessageSize(MaildirContent.sizeMax + beyond, "cur/a")
      }
      switch outcome {
      case .success: #expect(beyond <= 0)
      case .failure(let error): #expect(beyond > 0 && error.isOfOneFile && error.kind.storeKind == .refused)
      }
    }
  }

  @Test("larger than any message, as with holes, is named and does not keep the others, until it is smaller (L11)")
  func holes() async throws {
    try await Reactor.onShared {
      let maildir = try await MaildirFixture.make()
      try maildir.write("INBOX/cur/fine:2,", "x")
      try maildir.write("INBOX/cur/holes:2,", "")
      #expect(unsafe truncate("\(maildir.path)/INBOX/cur/holes:2,", MaildirContent.sizeMax + 1) == 0)
      let keys: [MessageKey] = [.file("fine"), .file("holes")]
      let readable = try await maildir.store.identify(keys, in: .inbox)
      #expect(readable.keys.map { $0 } == [.file("fine")])
      let look = try await maildir.store.look(at: .inbox, .messages(Set(keys)))
      #expect(look.unreadable[.file("holes")]?.contains("larger than any message") == true)
      var failures: [StoreError.Kind] = []
      try await maildir.store.read(keys, in: .inbox) { _, content in
        if case .failure(let error) = content { failures.append(error.kind) }
      }
      #expect(failures == [.refused])
      try maildir.write("INBOX/cur/holes:2,", "x")
      #expect(try await maildir.store.identify(keys, in: .inbox).count == 2)
      await maildir.remove()
    }
  }

  @Test("that grows as fast as it is read is read no further than it was long, and not taken for whole (L11)")
  func growing() async throws {
    try await Reactor.onShared {
      let reader = GrowingReader(size: MaildirContent.pieceSize * 2)
      let identified = try await MaildirFolder.identify(reader, "a")
      #expect(identified == nil)
      #expect(reader.given == reader.size + 1)
    }
  }
}

/// A file whose writer is always a little ahead.
@Loop
private final class GrowingReader: FileReader {
  let size: Int
  let modified = InternalDate(secondsSince1970: 0)
  private(set) var given = 0

  init(size: Int) { self.size = size }

  func read(upTo limit: Int) async throws(FileError) -> [UInt8] {
    // It does end: a test must.
    guard given < 100 * size else { return [] }
    given += limit
    return [UInt8](repeating: 0x78, count: limit)
  }

  func rewind() throws(FileError) {}
  func isUnchanged() throws(FileError) -> Bool { given <= size }
  func close() {}
}
