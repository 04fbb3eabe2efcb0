import Configuration
import Engine
import Glibc
import Mail
import Ports
import Reactor
import Transport

/// Gets an account's password from where the configuration says, anew at each login.
@Loop
struct PasswordProvider {
  /// Longer is a wrong file, not a password.
  private nonisolated static let lengthMax = 64 * 1024

  let program: ProgramContext
  /// For messages.
  let account: String

  func source(_ source: IMAPConfiguration.PasswordSource) -> IMAPSettings.PasswordSource {
    switch source {
    case .literal(let password): { () throws(StoreError) in password }
    case .file(let path): { () throws(StoreError) in try await firstLine(of: path) }
    case .command(let command): { () throws(StoreError) in try await output(of: command) }
    }
  }

  private func output(of command: String) async throws(StoreError) -> Secret {
    do {
      return try await CommandOutput(reactor: program.reactor, commands: program.commands).firstLine(of: command)
    } catch {
      if error.kind == .cancelled { throw StoreError(.account, .cancelled, error.text) }
      throw StoreError(.account, .noPassword, "password_command: \(error.text)")
    }
  }

  private func firstLine(of path: String) async throws(StoreError) -> Secret {
    let result = await program.sideQueue.run { () -> Result<Secret, PasswordFileError> in
      Result { () throws(PasswordFileError) in try Self.read(path) }
    }
    switch result {
    case .success(let password): return password
    case .failure(let error):
      throw StoreError(.account, .noPassword, "password_file \(printable(path)): \(error.reason)")
    }
  }

  private struct PasswordFileError: Error { let reason: String }

  /// A file, and its owner's alone.
  private nonisolated static func require(_ status: stat, _ path: String) throws(PasswordFileError) {
    guard status.st_mode & S_IFMT == S_IFREG else { throw PasswordFileError(reason: "it is not a file") }
    guard status.st_mode & 0o077 == 0 else {
      throw PasswordFileError(reason: "others can read it; chmod 600 \(printable(path))")
    }
  }

  /// Blocks while the disk does.
  private nonisolated static func read(_ path: String) throws(PasswordFileError) -> Secret {
    // Also where a confined process could not open it, so that the reason is told that a person can mend.
    var named = stat()
    if unsafe stat(path, &named) == 0 { try require(named, path) }
    // A named pipe would else be waited for until somebody writes to it.
    guard let file = FileDescriptor(owning: unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) else {
      throw PasswordFileError(reason: systemError(errno))
    }
    // It may have come, or been opened to others, since the configuration was read.
    var status = stat()
    guard unsafe fstat(file.number, &status) == 0 else { throw PasswordFileError(reason: systemError(errno)) }
    try require(status, path)
    var content = [UInt8](repeating: 0, count: lengthMax + 1)
    defer { wipe(&content) }
    var length = 0
    while length < content.count {
      let count = unsafe content.withUnsafeMutableBytes { buffer in
        unsafe Glibc.read(file.number, buffer.baseAddress?.advanced(by: length), buffer.count - length)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw PasswordFileError(reason: systemError(errno)) }
      if count == 0 { break }
      length += count
    }
    guard length <= lengthMax else {
      throw PasswordFileError(reason: "it is larger than \(lengthMax / 1024) KiB, and so no password's file")
    }
    let end = min(firstLineLength(content), length)
    guard end > 0 else { throw PasswordFileError(reason: "its first line is empty") }
    guard let password = Secret(validating: content[..<end]) else {
      throw PasswordFileError(reason: "its first line is not UTF-8")
    }
    return password
  }
}
