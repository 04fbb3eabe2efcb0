import Control
import Testing

@testable import martlet

@Suite("The room on a file system")
struct FreeSpaceTests {
  @Test(
    "is missed where nothing more can be written, and not where it is not counted",
    arguments: [
      (FreeSpace(blocks: 0, of: 100, files: 5, of: 9), "no space is left on its file system: "),
      (FreeSpace(blocks: 3, of: 100, files: 0, of: 9), "no file more can be made on its file system: "),
      (FreeSpace(blocks: 1, of: 100, files: 1, of: 9), nil), (FreeSpace(blocks: 3, of: 100, files: 0, of: 0), nil),
      (FreeSpace(blocks: 0, of: 0, files: 0, of: 0), nil),
    ])
  func shortage(space: FreeSpace, words: String?) {
    let finding = space.finding("~/Mail")
    #expect((finding == nil) == (words == nil))
    if let words { #expect(finding?.text.hasPrefix(words) == true && finding?.kind == "space") }
  }
}
