import IMAP
import Ports

/// A command on its way, and the answer to come.
@Loop
final class CommandAnswer {
  /// Looks at untagged data that come while the command is unanswered; true takes them, so that they are no news.
  typealias Collector = (Untagged) -> Bool

  let id: CommandID
  let isIdle: Bool
  /// NOOP: whether it was answered is nobody's concern but the watchdog's.
  let isNoop: Bool
  /// LOGIN or AUTHENTICATE.
  let isLogin: Bool
  /// Nil once it is answered: whoever listens may hold this answer, and must not be held by it for ever.
  private(set) var collect: Collector?
  let upload: Upload?
  private let pledge = Pledge<Result<Completion, StoreError>>()

  init(_ id: CommandID, command: Command, collect: Collector?, upload: Upload?) {
    self.id = id
    isIdle = if case .idle = command { true } else { false }
    isNoop = if case .noop = command { true } else { false }
    isLogin = command.credentials != nil
    self.collect = collect
    self.upload = upload
  }

  var isAnswered: Bool { pledge.value != nil }

  func settle(_ result: Result<Completion, StoreError>) {
    collect = nil
    pledge.settle(result)
    upload?.commandEnded()
  }

  /// Throws where the answer is lost with the connection.
  func completion() async throws(StoreError) -> Completion { try await pledge.wait().get() }
}
