/// What the daemon says to a request, each an object with one key: `{"report":{…}}`.
package enum ControlReply: Hashable, Sendable {
  case status(StatusReport)
  case progress(SyncProgress)
  /// Problems and plan lines of an account, ahead of its report.
  case piece(SyncPiece)
  /// The end of a sync.
  case report(SyncReport)
  /// The request could not be served.
  case refused(Refusal)
}

/// Why the daemon did not do what it was asked.
package struct Refusal: Hashable, Sendable, Codable {
  /// After sysexits.h, as `martlet` would end with.
  package let exitCode: Int32
  package let text: String

  package init(exitCode: Int32, text: String) {
    self.exitCode = exitCode
    self.text = text
  }
}

extension ControlReply: Codable {
  private enum Key: String, CodingKey { case status, progress, piece, report, refused }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    switch container.allKeys.first {
    case .status: self = .status(try container.decode(StatusReport.self, forKey: .status))
    case .progress: self = .progress(try container.decode(SyncProgress.self, forKey: .progress))
    case .piece: self = .piece(try container.decode(SyncPiece.self, forKey: .piece))
    case .report: self = .report(try container.decode(SyncReport.self, forKey: .report))
    case .refused: self = .refused(try container.decode(Refusal.self, forKey: .refused))
    case nil:
      throw DecodingError.dataCorrupted(.init(codingPath: container.codingPath, debugDescription: "no known reply"))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .status(let status): try container.encode(status, forKey: .status)
    case .progress(let progress): try container.encode(progress, forKey: .progress)
    case .piece(let piece): try container.encode(piece, forKey: .piece)
    case .report(let report): try container.encode(report, forKey: .report)
    case .refused(let refusal): try container.encode(refusal, forKey: .refused)
    }
  }
}
