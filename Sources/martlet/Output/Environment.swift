import Foundation

/// The process's environment variables as they were at its start.
struct Environment: Sendable {
  let variables: [String: String]

  init(_ variables: [String: String] = ProcessInfo.processInfo.environment) { self.variables = variables }

  subscript(name: String) -> String? { variables[name] }
}
