import Mail
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
    #expect(Secret("hunter2").reveal() == "hunter2")
    #expect(Secret([1, 2]).reveal() == [1, 2])
  }
}
