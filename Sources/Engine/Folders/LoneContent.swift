import Mail
import Ports
import Reconciliation

/// What is in a folder that only one side has, as far as it takes to know messages again there. Kept from one look to the
/// next, so that each asks for what changed only.
struct LoneContent {
  /// What a message is known by: local ones by their digest, a server's by what it tells of them. The hash is enough, and
  /// takes little room: where two are the same by chance, one message more is kept for a while.
  struct Mark {
    fileprivate let hash: Int

    init(digest: MessageDigest) { hash = digest.hashValue }

    init(_ identity: MessageIdentity) { self.init(wireSize: identity.wireSize, messageID: identity.messageID) }

    init?(_ traits: MessageTraits?) {
      guard let size = traits?.wireSize else { return nil }
      self.init(wireSize: size, messageID: traits?.messageID)
    }

    private init(wireSize: Int, messageID: String?) {
      var hasher = Hasher()
      hasher.combine(wireSize)
      hasher.combine(messageID)
      hash = hasher.finalize()
    }
  }

  /// As of the last look; nil where the next one has to be at everything.
  private(set) var checkpoint: Checkpoint?
  /// Messages that are there, and are not known by anything yet.
  private(set) var unread: Set<MessageKey> = []
  private var marks: [MessageKey: Int] = [:]
  /// How many messages are known by each.
  private var counts: [Int: Int] = [:]

  func holds(_ mark: Mark) -> Bool { counts[mark.hash] != nil }

  mutating func take(_ look: Look) {
    for key in look.coverage == .complete ? Set(marks.keys).union(unread) : look.gone where look.shows(gone: key) {
      forget(key)
    }
    for (key, observation) in look.present {
      if let mark = Mark(observation.traits) {
        note(mark, of: key)
      } else if marks[key] == nil {
        unread.insert(key)
      }
    }
    checkpoint = look.checkpoint
  }

  mutating func note(_ mark: Mark, of key: MessageKey) {
    forget(key)
    marks[key] = mark.hash
    counts[mark.hash, default: 0] += 1
  }

  private mutating func forget(_ key: MessageKey) {
    unread.remove(key)
    guard let mark = marks.removeValue(forKey: key), let count = counts[mark] else { return }
    counts[mark] = count > 1 ? count - 1 : nil
  }
}
