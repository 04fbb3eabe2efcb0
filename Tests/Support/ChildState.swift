import Glibc

/// What is known of a running program, kept by the threads that read its output and wait for its end.
struct ChildState {
  var output: [UInt8] = []
  var errors: [UInt8] = []
  /// How far each stream was looked through for lines.
  private var outputLooked = 0
  private var errorsLooked = 0
  /// Output streams that may still bring something.
  var openStreams = 0
  var ending: ChildProcess.Ending?
  /// True when its number, and that of its group, may belong to another process.
  var isReaped = false
  /// Our end of the program's standard input.
  var input: Int32?

  mutating func nextLine(of stream: ChildProcess.Stream) -> String? {
    switch stream {
    case .output: Self.nextLine(of: output, from: &outputLooked)
    case .errors: Self.nextLine(of: errors, from: &errorsLooked)
    }
  }

  fileprivate mutating func append(_ bytes: ArraySlice<UInt8>, to stream: ChildProcess.Stream) {
    switch stream {
    case .output: output.append(contentsOf: bytes.prefix(ChildProcess.outputMax - output.count))
    case .errors: errors.append(contentsOf: bytes.prefix(ChildProcess.outputMax - errors.count))
    }
  }

  private static func nextLine(of bytes: [UInt8], from start: inout Int) -> String? {
    guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    defer { start = end + 1 }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }
}

extension Monitor<ChildState> {
  /// Reads a stream to its end, and closes it. Blocks.
  func drain(_ descriptor: Int32, as stream: ChildProcess.Stream) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      update { $0.append(buffer.prefix(count), to: stream) }
    }
    close(descriptor)
    update { $0.openStreams -= 1 }
  }

  /// Waits for the process and notes how it ended. It is left unreaped, so that its number stays its own. Blocks.
  func awaitEnding(of process: pid_t) {
    var information = unsafe siginfo_t()
    var result: Int32
    repeat {
      result = unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT)
    } while result != 0 && errno == EINTR
    precondition(result == 0, "nothing else waits for process \(process)")
    let status = unsafe information._sifields._sigchld.si_status
    update { unsafe $0.ending = information.si_code == CLD_EXITED ? .exited(status) : .killed(signal: status) }
  }

  /// Takes note of the end of the process, after which its number is free. Blocks until then.
  func reap(_ process: pid_t) {
    _ = wait(until: nil) { $0.ending }
    update { state in
      guard !state.isReaped else { return }
      _ = waitpid(process, nil, 0)
      state.isReaped = true
    }
  }

  /// Writes to the program's standard input until all is written or nobody reads any more. Blocks.
  func feed(_ bytes: [UInt8]) {
    guard let input = read(\.input) else { return }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe write(input, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }

  func closeInput() {
    update { state in
      if let input = state.input { close(input) }
      state.input = nil
    }
  }
}
