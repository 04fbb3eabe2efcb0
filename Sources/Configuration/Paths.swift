import Glibc

/// Where martlet's files are (XDG Base Directory Specification).
package struct Paths: Hashable, Sendable {
  package let configurationFile: String
  /// The accounts' state directories are in it.
  package let stateDirectory: String
  package let controlSocket: String
  /// What `~` stands for; nil where the environment does not say.
  package let home: String?

  /// - Parameters:
  ///   - environment: of the process. A variable that is empty or not absolute counts as unset, as the specification
  ///     says.
  ///   - configurationFile: of `--config`.
  ///   - stateDirectory: of `--state-dir`; takes the control socket with it.
  ///   - isThere: whether a directory exists.
  package init(
    environment: [String: String], configurationFile: String? = nil, stateDirectory: String? = nil,
    isThere: (String) -> Bool = { unsafe access($0, F_OK) == 0 }
  ) throws(ConfigurationErrors) {
    func directory(_ variable: String) -> String? {
      guard let value = environment[variable], value.hasPrefix("/") else { return nil }
      return value
    }
    let home = directory("HOME")
    func base(_ variable: String, _ fallback: String) throws(ConfigurationErrors) -> String {
      if let value = directory(variable) { return value }
      guard let home else {
        throw ConfigurationErrors([
          ConfigurationError(file: "environment", key: "HOME", expected: "an absolute path, or \(variable) to be set")
        ])
      }
      return home + fallback
    }
    self.home = home
    if let configurationFile {
      self.configurationFile = configurationFile
    } else {
      self.configurationFile = try base("XDG_CONFIG_HOME", "/.config") + "/martlet/config.toml"
    }
    if let stateDirectory {
      self.stateDirectory = stateDirectory
      controlSocket = stateDirectory + "/control.sock"
    } else {
      let state = try base("XDG_STATE_HOME", "/.local/state") + "/martlet"
      self.stateDirectory = state
      // The directory may be named and not be there, as under cron or su; then the daemon could not use it either.
      let runtime = directory("XDG_RUNTIME_DIR").flatMap { isThere($0) ? $0 + "/martlet" : nil }
      controlSocket = (runtime ?? state) + "/control.sock"
    }
  }

  /// The ledger's and the lock's place.
  package func accountDirectory(_ name: String) -> String { stateDirectory + "/" + name }
}
