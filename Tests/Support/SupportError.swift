/// Why a fixture could not do what a test asked of it: what failed, on what.
package struct SupportError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }

  /// A system call that failed, with the system's own word for it.
  static func system(_ what: String, code: Int32) -> SupportError {
    SupportError("\(what): \(systemText(code))")
  }
}
