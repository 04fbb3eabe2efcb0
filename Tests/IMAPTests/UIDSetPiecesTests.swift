import IMAP
import Mail
import Testing

@Suite("UID sets for one line each")
struct UIDSetPiecesTests {
  @Test("a piece is as long as allowed and no longer", arguments: [21, 22, 100, 8000])
  func length(_ textMax: Int) throws {
    var set = UIDSet()
    for number in stride(from: UInt32(1), to: 40_000, by: 3) { set.insert(try #require(UID(rawValue: number))) }
    set.insert(4_294_967_290...4_294_967_295)
    let pieces = set.pieces(textMax: textMax)
    var union = UIDSet()
    for (piece, next) in zip(pieces, pieces.dropFirst().map(\.self) + [UIDSet()]) {
      #expect(piece.description.utf8.count <= textMax)
      if let range = next.ranges.first {
        let longer = piece.description + "," + UIDSet(range).description
        #expect(longer.utf8.count > textMax)
      }
      union.formUnion(piece)
    }
    #expect(union == set)
  }

  @Test("nothing has no pieces, and what fits is one")
  func small() {
    #expect(UIDSet().pieces().isEmpty)
    #expect(UIDSet([1, 2, 3, 9]).pieces() == [[1, 2, 3, 9]])
  }
}
