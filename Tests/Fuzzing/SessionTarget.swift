import IMAP
import Mail

extension FuzzTarget {
  /// A server's octets into an IMAP session. It says the same however they are cut, and whether it is traced; a body
  /// has as many octets as it announced; a failure is the last word; what a log gets is printable and without the
  /// password (laws L12, L13).
  static let session = FuzzTarget("session", lengthMax: 8 << 10) { input, _ in
    // The first octet chooses: limits as they are, or so small that they are met.
    guard let choice = input.first else { return }
    var limits = SessionLimits()
    if choice & 1 == 1 {
      limits.responseLengthMax = 300
      limits.literalLengthMax = 40
      limits.nestingDepthMax = 4
      limits.listCountMax = 6
      limits.copiedUIDsMax = 10
    }
    let conversation = Conversation(Array(input.dropFirst()))
    let whole = SessionPlay(conversation, limits, pieceMax: .max)
    try whole.check()
    for pieceMax in [1, 1 + Int(choice >> 1)] {
      let cut = SessionPlay(conversation, limits, pieceMax: pieceMax)
      try demand(cut.effects == whole.effects, "cut in pieces of \(pieceMax), the session says something else")
    }
    let traced = SessionPlay(conversation, limits, pieceMax: .max, isTraced: true)
    try traced.checkTrace()
    try demand(traced.said == whole.effects, "traced, the session says something else")
  }
}

/// One session through a whole conversation.
private struct SessionPlay {
  private var session: Session
  /// Neighbouring octets are one: how they are cut is nobody's promise.
  private(set) var effects: [SessionEffect] = []
  private var uploads: [CommandID] = []
  private var submitted = 0
  /// As many commands as the engine ever has unanswered, and more.
  private static let submittedMax = 64

  init(_ conversation: Conversation, _ limits: SessionLimits, pieceMax: Int, isTraced: Bool = false) {
    session = Session(limits: limits, isTraced: isTraced)
    for step in conversation.steps {
      switch step {
      case .caller(let letter): call(letter)
      case .server(let octets):
        var rest = octets[...]
        while !rest.isEmpty {
          handle(.received(Array(rest.prefix(pieceMax))))
          rest = rest.dropFirst(pieceMax)
        }
      }
    }
    handle(.closed)
  }

  private mutating func call(_ letter: UInt8) {
    switch letter {
    case UInt8(ascii: "u"):
      let done = uploads
      uploads = []
      for id in done { handle(.uploaded(id)) }
    case UInt8(ascii: "z"): if session.phase == .securing { handle(.secured) }
    case UInt8(ascii: "d"): handle(.endIdle)
    default:
      guard let command = Command.of(letter), submitted < Self.submittedMax else { return }
      submitted += 1
      handle(.submit(CommandID(rawValue: UInt64(submitted)), command))
    }
  }

  private mutating func handle(_ event: SessionEvent) {
    for effect in session.handle(event) {
      if case .upload(let id) = effect { uploads.append(id) }
      switch (effects.last, effect) {
      case (.write(let before), .write(let after)): effects[effects.count - 1] = .write(before + after)
      case (.body(let before), .body(let after)): effects[effects.count - 1] = .body(before + after)
      default: effects.append(effect)
      }
    }
  }

  /// Without the trace's lines.
  var said: [SessionEffect] {
    var said: [SessionEffect] = []
    for effect in effects {
      switch effect {
      case .sent, .heard: continue
      case .write(let after):
        if case .write(let before) = said.last { said[said.count - 1] = .write(before + after) } else { fallthrough }
      default: said.append(effect)
      }
    }
    return said
  }

  func check() throws {
    var body: (size: Int, come: Int)?
    for (index, effect) in effects.enumerated() {
      switch effect {
      case .bodyBegan(let start):
        try demand(body == nil && start.size >= 0, "a body within a body")
        body = (start.size, 0)
      case .body(let octets):
        let come = (body?.come ?? 0) + octets.count
        try demand(come <= body?.size ?? -1, "more of a body than announced")
        body?.come = come
      case .bodyEnded:
        try demand(body.map { $0.size == $0.come } ?? false, "less of a body than announced")
        body = nil
      case .failed: try demand(index == effects.count - 1, "a session that goes on after its end")
      case .untagged, .completed, .greeted: try demand(body == nil, "something else within a body: \(effect)")
      case .write, .sent, .heard, .upload, .secure, .idling: continue
      }
    }
  }

  func checkTrace() throws {
    for effect in effects {
      switch effect {
      case .sent(let line):
        try demand(!line.contains("correct horse"), "the password is in a line that was sent: \(line)")
        try checkPrintable(line)
      case .heard(let line): try checkPrintable(line)
      case .failed(let error): try checkPrintable("\(error)")
      default: continue
      }
    }
  }
}

/// Fit for a terminal and a log.
func checkPrintable(_ text: String) throws(Broken) {
  try demand(printable(text, limit: .max) == text, "not printable: \(text.debugDescription)")
}
