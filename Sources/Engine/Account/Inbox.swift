import Ports

/// What an account's session has to deal with, in the order in which it happened. One reader.
@Loop
final class Inbox<Message: Sendable> {
  private var messages: [Message] = []
  private var reader: CheckedContinuation<Void, Never>?

  func post(_ message: Message) {
    messages.append(message)
    reader?.resume()
    reader = nil
  }

  /// All that is there, at least one; empty only where the task was cancelled.
  func next() async -> [Message] {
    if messages.isEmpty, !Task.isCancelled {
      await withTaskCancellationHandler {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
          if Task.isCancelled || !messages.isEmpty { return continuation.resume() }
          reader = continuation
        }
      } onCancel: {
        Loop.task { self.wake() }
      }
    }
    defer { messages.removeAll() }
    return messages
  }

  /// What nobody will read any more.
  func drain() -> [Message] {
    defer { messages.removeAll() }
    return messages
  }

  private func wake() {
    reader?.resume()
    reader = nil
  }
}
