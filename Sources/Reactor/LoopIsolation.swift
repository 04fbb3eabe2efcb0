package import Ports

extension Loop {
  /// For callbacks from C, which come on the loop's thread without the compiler knowing it; traps elsewhere.
  package static func assumeIsolated<Success: Sendable, Failure: Error>(
    _ operation: @Loop () throws(Failure) -> Success
  ) throws(Failure) -> Success {
    shared.preconditionIsolated()
    let result = withoutActuallyEscaping(operation) { escaping -> Result<Success, Failure> in
      // The same function without its isolation, which has just been checked.
      let raw = unsafe unsafeBitCast(escaping, to: (() throws(Failure) -> Success).self)
      return Result(catching: raw)
    }
    return try result.get()
  }
}
