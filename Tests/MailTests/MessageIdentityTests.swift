import Mail
import Testing

@Suite("Digests")
struct MessageIdentityTests {
  @Test("a digest has 32 bytes and is written in hexadecimal")
  func digests() throws {
    #expect(MessageDigest(bytes: []) == nil)
    #expect(MessageDigest(bytes: [UInt8](repeating: 0, count: 31)) == nil)
    #expect(MessageDigest(bytes: [UInt8](repeating: 0, count: 33)) == nil)
    let digest = try #require(MessageDigest(bytes: (0..<32).map { UInt8($0 * 8) }))
    #expect(digest.description == "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8")
  }
}
