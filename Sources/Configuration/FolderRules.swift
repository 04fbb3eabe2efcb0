package import Mail

/// Which folders of an account are synced, and under which names.
///
/// Filters see remote names; `exclude` wins. A rename maps both ways: a rule for one name before a pattern, of two
/// patterns the one that says more, and a name that no rule fits stays as it is. INBOX is INBOX unless a rule for that
/// very name says otherwise; patterns leave it alone.
///
/// A pattern such as `"[Gmail]/*" = "*"` gives a local name two possible remote ones, `[Gmail]/Work` and `Work`. Which
/// is meant depends on which is there: of those that exist the rule's first, and where none does the rule's. So the
/// functions take the remote folders that are there; one local name never stands for two of them.
package struct FolderRules: Equatable, Sendable {
  /// Nil for all.
  private let include: [FolderPattern]?
  private let exclude: [FolderPattern]
  private var localByRemote: [FolderName: FolderName] = [:]
  private var remoteByLocal: [FolderName: FolderName] = [:]
  private let byRemotePattern: [RenameRule]
  private let byLocalPattern: [RenameRule]

  /// Every folder under its own name.
  package init() { self.init(include: nil, exclude: [], renames: []) }

  /// The rules must not contradict one another.
  init(include: [FolderPattern]?, exclude: [FolderPattern], renames: [RenameRule]) {
    self.include = include
    self.exclude = exclude
    for rule in renames {
      guard case .exact(let remote) = rule.remote, case .exact(let local) = rule.local else { continue }
      localByRemote[remote] = local
      remoteByLocal[local] = remote
    }
    if localByRemote[.inbox] == nil, remoteByLocal[.inbox] == nil {
      localByRemote[.inbox] = .inbox
      remoteByLocal[.inbox] = .inbox
    }
    let patterns = renames.filter { $0.remote.specificity != .max }
    byRemotePattern = Self.sorted(patterns, \.remote)
    byLocalPattern = Self.sorted(patterns, \.local)
  }

  /// The local name of a remote folder; nil where it can have none, because it is another's (of those in `remote`).
  package func localName(forRemote name: FolderName, among remote: Set<FolderName> = []) -> FolderName? {
    guard let local = mapped(name), candidates(local).contains(name) else { return nil }
    return remoteName(forLocal: local, among: remote.union([name])) == name ? local : nil
  }

  /// The remote name of a local folder: the possible one that is in `remote`, else the first by the rules; nil where
  /// the rules give that name to no remote folder.
  package func remoteName(forLocal name: FolderName, among remote: Set<FolderName> = []) -> FolderName? {
    let candidates = candidates(name)
    return candidates.first(where: remote.contains) ?? candidates.first
  }

  /// Whether a remote folder is synced, given the remote folders that are there.
  package func verdict(remote name: FolderName, among remote: Set<FolderName> = []) -> FolderVerdict {
    if let pattern = exclude.first(where: { $0.matches(name) }) {
      return .excluded(reason: "excluded by \"\(quotable(pattern.text))\"")
    }
    if let include, !include.contains(where: { $0.matches(name) }) {
      return .excluded(reason: "not in include")
    }
    guard localName(forRemote: name, among: remote) == nil else { return .included }
    guard let local = mapped(name), let other = remoteName(forLocal: local, among: remote) else {
      return .conflicting(reason: "rename gives it no possible local name")
    }
    return .conflicting(
      reason: "its local name \(printable(local.description)) is that of \(printable(other.description))")
  }

  /// Why a remote folder that nobody left out has no place of its own; nil where it has one, or was left out.
  package func conflict(remote name: FolderName, among remote: Set<FolderName>) -> String? {
    guard case .conflicting(let reason) = verdict(remote: name, among: remote) else { return nil }
    return "not synced: \(reason); give it another by rename, or exclude it"
  }

  /// Whether a local folder is synced, given the remote folders that are there.
  package func verdict(local name: FolderName, among remote: Set<FolderName> = []) -> FolderVerdict {
    guard let remoteName = remoteName(forLocal: name, among: remote) else {
      let target = mapped(name).map { " is \(printable($0.description)) here" } ?? " has another name here"
      return .excluded(reason: "by rename, the remote folder of this name\(target)")
    }
    return verdict(remote: remoteName, among: remote)
  }

  // MARK: -

  /// Where the rules send a remote name, whoever else goes there.
  private func mapped(_ remote: FolderName) -> FolderName? {
    if let local = localByRemote[remote] { return local }
    for rule in byRemotePattern {
      if let star = rule.remote.star(in: remote) { return rule.local.name(star: star) }
    }
    return remote
  }

  /// Remote names that the rules send to `local`, first the one that is meant if none of them is there.
  private func candidates(_ local: FolderName) -> [FolderName] {
    if let remote = remoteByLocal[local] { return [remote] }
    var names = byLocalPattern.compactMap { rule in
      rule.local.star(in: local).flatMap { rule.remote.name(star: $0) }
    }
    names.append(local)
    return names.filter { mapped($0) == local }
  }

  private static func sorted(
    _ rules: [RenameRule], _ side: KeyPath<RenameRule, RenamePattern>
  ) -> [RenameRule] {
    rules.sorted { left, right in
      (right[keyPath: side].specificity, left.description) < (left[keyPath: side].specificity, right.description)
    }
  }
}

package enum FolderVerdict: Hashable, Sendable {
  case included
  /// For a person.
  case excluded(reason: String)
  /// Not left out, and yet without a place of its own; the reason is for a person.
  case conflicting(reason: String)

  /// Why it is not synced; nil where it is.
  package var reason: String? {
    switch self {
    case .included: nil
    case .excluded(let reason), .conflicting(let reason): reason
    }
  }
}
