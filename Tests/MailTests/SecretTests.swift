import Mail
import Support
import Testing

@Suite("Secrets (L13)")
struct SecretTests {
  private struct Login {
    let user = "me"
    let password = Secret("hunter2")
  }

  @Test("no way of printing shows a secret")
  func printing() {
    let secret = Secret("hunter2")
    var dumped = ""
    dump(Login(), to: &dumped)
    dump([secret], to: &dumped)
    let shown = [
      "\(secret)", String(describing: secret), String(reflecting: secret), "\(Login())", String(reflecting: [secret]),
      "\(Optional(secret) as Any)", dumped,
    ]
    for text in shown {
      #expect(!text.contains("hunter"), "\(text)")
      #expect(text.contains("***"))
    }
    #expect(Mirror(reflecting: secret).children.isEmpty)
  }

  @Test("revealing gives the value")
  func revealing() {
    #expect(Secret("hunter2").octets() == Array("hunter2".utf8))
    #expect(Secret("hunter2").octets() == Array("hunter2".utf8))
    #expect(Secret("hunter2") == Secret("hunter2"))
    #expect(Secret("hunter2") != Secret("hunter3"))
    #expect(Secret(validating: [0x70, 0xC3, 0xA4]) == Secret("pä"))
    #expect(Secret(validating: [0x70, 0xC3]) == nil)
  }

  @Test("the last copy that goes leaves nothing behind in memory")
  func wiped() throws {
    let search = try MemorySearch(masked: (0..<40).map { _ in .random(in: 0xC1...0xFA) })
    #expect(try search.count() == 0)
    var secrets = [search.unmasked { Secret(validating: $0) }]
    secrets.append(secrets[0])
    #expect(try search.count() == 1)
    secrets.removeLast()
    #expect(try search.count() == 1)
    secrets.removeAll()
    #expect(try search.count() == 0)
  }

  @Test("wiping leaves nothing to look at")
  func wiping() {
    var octets = Array("hunter2".utf8)
    wipe(&octets)
    #expect(octets.isEmpty)
    var none: [UInt8] = []
    wipe(&none)
    #expect(none.isEmpty)
  }
}
