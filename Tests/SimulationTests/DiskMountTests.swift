import Mail
import Maildir
import Ports
import Reactor
import Reconciliation
import Simulation
import Support
import Testing

@Suite("A mount within a Maildir, on a simulated disk")
struct DiskMountTests {
  @Test("is told by the look at its folder, and what lies under the mount point is none (L8)")
  func told() async throws {
    try await Reactor.onShared {
      let fixture = try DiskFixture()
      let store = fixture.store(marker: nil)
      let folder = try #require(FolderName("disk"))
      try await store.open()
      try await store.createFolder(.inbox)
      try fixture.disk.makeVolume("/mail/disk")
      try await store.createFolder(folder)
      #expect(try await store.look(at: .inbox, .wide(since: nil)).isOnOwnFileSystem == false)
      #expect(try await store.look(at: folder, .wide(since: nil)).isOnOwnFileSystem == true)
      var dice = Dice(seed: 1)
      try fixture.disk.unmount("/mail/disk", dice: &dice)
      try await store.createFolder(folder)
      #expect(try await store.look(at: folder, .wide(since: nil)).isOnOwnFileSystem == false)
      await store.close()
    }
  }
}
