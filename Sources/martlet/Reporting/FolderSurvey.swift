import Configuration
import Mail

/// A folder of one side or both, as `martlet folders` shows it.
struct SurveyedFolder: Equatable, Sendable {
  /// Nil where the name is not one of that side's.
  let remote: FolderName?
  let local: FolderName?
  let isOnRemote: Bool
  let isOnLocal: Bool
  /// Why it is left out; nil where it is synced.
  let leftOut: String?
}

/// Lays both sides' folders beside each other by the account's rules.
struct FolderSurvey {
  let rules: FolderRules
  /// Why the local side can have no folder of that name; nil where it can.
  let unmappable: (FolderName) -> String?

  /// `parents` are remote names that hold no messages, only folders.
  func survey(near: Set<FolderName>, far: Set<FolderName>, parents: Set<FolderName> = []) -> [SurveyedFolder] {
    var seen: Set<FolderName> = []
    var folders = far.map { name -> SurveyedFolder in
      let local = rules.localName(forRemote: name, among: far)
      var leftOut = rules.verdict(remote: name, among: far).reason
      if leftOut == nil, let local, let reason = unmappable(local) { leftOut = reason }
      let isOnLocal = leftOut == nil && local.map(near.contains) ?? false
      if isOnLocal, let local { seen.insert(local) }
      return SurveyedFolder(
        remote: name, local: leftOut == nil ? local : nil, isOnRemote: true, isOnLocal: isOnLocal, leftOut: leftOut)
    }
    folders += parents.subtracting(far).map { name in
      SurveyedFolder(
        remote: name, local: nil, isOnRemote: true, isOnLocal: false, leftOut: "it holds no messages (\\Noselect)")
    }
    folders.sort { Self.inOrder($0.remote ?? .inbox, $1.remote ?? .inbox) }
    for name in near.subtracting(seen).sorted(by: Self.inOrder) {
      let leftOut = rules.verdict(local: name, among: far).reason
      folders.append(
        SurveyedFolder(
          remote: leftOut == nil ? rules.remoteName(forLocal: name, among: far) : nil, local: name, isOnRemote: false,
          isOnLocal: true, leftOut: leftOut))
    }
    return folders
  }

  /// INBOX first, then by name.
  private static func inOrder(_ left: FolderName, _ right: FolderName) -> Bool {
    left.isInbox != right.isInbox ? left.isInbox : left < right
  }
}
