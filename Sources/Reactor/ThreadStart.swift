import CLinux
import Glibc

/// A detached thread; it must end by itself or live as long as the process.
func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
  let start = unsafe Unmanaged.passRetained(ThreadStart(name: name, body: body))
  var thread: pthread_t = 0
  let failure = unsafe pthread_create(
    &thread, nil,
    { @Sendable argument in
      guard let argument = unsafe argument else { return nil }
      let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
      unsafe clinux_name_thread(start.name)
      start.body()
      return nil
    }, start.toOpaque())
  precondition(failure == 0, "a thread could not be started: \(systemError(failure))")
  pthread_detach(thread)
}

private final class ThreadStart: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}
