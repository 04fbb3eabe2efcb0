import IMAP
import Mail
import Ports
import Reconciliation
import Simulation
import Testing

@testable import Engine

@Suite("Of a mailbox that is gone")
struct FormerNumberingsTests {
  private let folder: FolderName

  init() throws { folder = try #require(FolderName("A")) }

  @Test("the numbering is kept, so that nothing is done to another that takes its name (L8)")
  func taken() async throws {
    try await ScriptedStore.play(
      preauthenticated("LIST-EXTENDED LIST-STATUS UIDPLUS") + Self.listing("m2", validity: 7)
        + Self.listing("m3", validity: nil) + Self.listing("m4", validity: 8) + """
          C: m5 SELECT "A"
          S: * 1 EXISTS
          S: * OK [UIDVALIDITY 8] ok
          S: m5 OK done
          """
    ) { world in
      _ = try await world.store.folders()
      _ = try await world.store.folders()
      #expect(world.store.memories[folder] == nil)
      _ = try await world.store.folders()
      let error = await #expect(throws: StoreError.self) { _ = try await world.store.delete([.uid(1)], in: folder) }
      #expect(error?.text.contains("UIDVALIDITY changed from 7 to 8") == true)
      #expect(await world.eventsTold() == [.uncertain(folder)])
    }
  }

  /// With A as its only folder, or without any.
  private static func listing(_ tag: String, validity: Int?) -> String {
    let found = validity.map { "S: * LIST () \"/\" A\nS: * STATUS A (MESSAGES 1 UIDNEXT 2 UIDVALIDITY \($0))\n" }
    return """
      C: \(tag) LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))
      \(found ?? "")S: \(tag) OK done

      """
  }

  @Test("what is kept is bounded, and what went last is kept")
  func bounded() throws {
    var numberings = FormerNumberings()
    let folders = try (0..<FormerNumberings.countMax + 1).map { try #require(FolderName("\($0)")) }
    for (index, folder) in folders.enumerated() {
      numberings.note(UIDValidity(rawValue: UInt32(index + 1)), of: folder)
    }
    let kept = folders.filter { numberings[$0] != nil }
    #expect(kept.count <= FormerNumberings.countMax)
    #expect(kept == folders.suffix(kept.count))
    #expect(kept.count > FormerNumberings.countMax / 2)
    #expect(numberings[folders[FormerNumberings.countMax]]?.rawValue == UInt32(FormerNumberings.countMax + 1))
  }
}
