import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Testing

@Suite("Reading the messages of a Maildir")
struct ReadingTests {
  @Test("ends soon when it is given up, however many there are (L11)")
  func cancelled() async throws {
    try await Reactor.onShared {
      let path = try temporaryDirectory()
      let system = FaultyFileSystem(root: path)
      let maildir = try MaildirFixture(.nested, path, nil, fileSystem: system)
      try await maildir.store.open()
      maildir.store.rely()
      try await maildir.store.createFolder(.inbox)
      for number in 0..<50 { try maildir.write("INBOX/cur/\(number):2,", "x") }
      let keys = try await maildir.lookWide().present.keys.sorted()
      let reading = Loop.task { () -> StoreError? in
        do throws(StoreError) {
          _ = try await maildir.store.identify(keys, in: .inbox)
          return nil
        } catch {
          return error
        }
      }
      var opened = 0
      system.onOpen = {
        opened += 1
        if opened == 3 { reading.cancel() }
      }
      let error = await reading.value
      #expect(error?.kind == .cancelled)
      #expect(error?.scope == .account)
      #expect(opened == 3)
      await maildir.remove()
    }
  }
}
