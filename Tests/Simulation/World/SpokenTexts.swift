import Engine
import Mail

/// What an event would show to people, for the laws that concern texts (L12, L13). Names of folders are made printable
/// by whoever prints them, and are not texts.
extension AccountEvent {
  var texts: [String] {
    switch self {
    case .problem(let problem): problem.texts
    case .phaseChanged(.waiting(let reason, _, _)), .unwatched(_, _, let reason): [reason]
    case .folderSynced(_, let report), .passFinished(let report): report.problems.flatMap(\.texts) + report.plan
    case .phaseChanged, .watching, .passStarted, .progress, .released, .olderCopy, .recovered, .deleting: []
    }
  }
}

extension PassReport.Problem {
  fileprivate var texts: [String] { [reason] + (message.map { [$0] } ?? []) }
}
