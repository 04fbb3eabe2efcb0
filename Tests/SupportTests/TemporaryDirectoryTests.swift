import Foundation
import Support
import Testing

@Suite struct TemporaryDirectoryTests {
  @Test("a temporary folder goes with its last reference")
  func removedAtTheEnd() throws {
    var folder: TemporaryDirectory? = try TemporaryDirectory()
    let path = try #require(folder?.path)
    try folder?.write("text", to: "file")
    _ = try folder?.makeFolder("a/b")
    #expect(FileManager.default.fileExists(atPath: path + "/a/b"))
    folder = nil
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
