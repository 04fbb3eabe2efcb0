import Configuration
import Testing

@Suite("Where the files are")
struct PathsTests {
  @Test("with nothing set, under the home directory")
  func defaults() throws {
    let paths = try Paths(environment: ["HOME": "/home/me"])
    #expect(paths.configurationFile == "/home/me/.config/martlet/config.toml")
    #expect(paths.stateDirectory == "/home/me/.local/state/martlet")
    #expect(paths.accountDirectory("a") == "/home/me/.local/state/martlet/a")
    #expect(paths.controlSocket == "/home/me/.local/state/martlet/control.sock")
    #expect(paths.home == "/home/me")
  }

  @Test("with the variables set, where they say")
  func variables() throws {
    let environment = ["XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/r"]
    let paths = try Paths(environment: environment, isThere: { $0 == "/r" })
    #expect(paths.configurationFile == "/c/martlet/config.toml")
    #expect(paths.accountDirectory("a") == "/s/martlet/a")
    #expect(paths.controlSocket == "/r/martlet/control.sock")
  }

  @Test("a runtime directory that is named and is not there leaves the socket with the state")
  func missingRuntimeDirectory() throws {
    let environment = ["HOME": "/h", "XDG_RUNTIME_DIR": "/run/user/4242"]
    let paths = try Paths(environment: environment, isThere: { _ in false })
    #expect(paths.controlSocket == "/h/.local/state/martlet/control.sock")
  }

  @Test("variables that are empty or relative count as unset", arguments: ["", "relative", "./x"])
  func unusableVariables(value: String) throws {
    let environment = [
      "HOME": "/h", "XDG_CONFIG_HOME": value, "XDG_STATE_HOME": value, "XDG_RUNTIME_DIR": value,
    ]
    #expect(try Paths(environment: environment) == Paths(environment: ["HOME": "/h"]))
  }

  @Test("--state-dir takes the ledger and the socket with it, --config names the file")
  func options() throws {
    let environment = ["XDG_RUNTIME_DIR": "/r"]
    let paths = try Paths(environment: environment, configurationFile: "my.toml", stateDirectory: "/d")
    #expect(paths.configurationFile == "my.toml")
    #expect(paths.accountDirectory("a") == "/d/a")
    #expect(paths.controlSocket == "/d/control.sock")
  }

  @Test("without a home, what is missing is told")
  func noHome() {
    let error = #expect(throws: ConfigurationErrors.self) { try Paths(environment: ["XDG_CONFIG_HOME": "/c"]) }
    #expect(error?.description.contains("XDG_STATE_HOME") == true)
  }
}
