import ArgumentParser
import Mail

/// `ACCOUNT` or `ACCOUNT:FOLDER` on the command line.
struct AccountTarget: Hashable, Sendable {
  let account: String
  /// The remote name, as the configuration writes it; nil for the whole account.
  let folder: FolderName?

  init?(argument: String) {
    let pieces = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let account = pieces.first, !account.isEmpty else { return nil }
    self.account = String(account)
    guard pieces.count == 2 else {
      folder = nil
      return
    }
    guard let folder = FolderName(String(pieces[1])) else { return nil }
    self.folder = folder
  }
}

extension AccountTarget {
  /// For the command line's parser, which has no words of its own for what is wrong.
  static func named(_ argument: String) throws -> AccountTarget {
    if let target = AccountTarget(argument: argument) { return target }
    throw ValidationError(
      "what is to be synced is an account's name, or with a folder ACCOUNT:FOLDER, as in work:Lists/swift")
  }
}

/// What a sync is asked to do with one account.
struct AccountSelection: Hashable, Sendable {
  let name: String
  /// Nil for all.
  var folders: Set<FolderName>?

  /// Each account once, in the order of the command line; an account without a folder asks for all of it.
  static func merged(_ targets: [AccountTarget]) -> [AccountSelection] {
    var selections: [AccountSelection] = []
    for target in targets {
      if let index = selections.firstIndex(where: { $0.name == target.account }) {
        if let folder = target.folder {
          selections[index].folders?.insert(folder)
        } else {
          selections[index].folders = nil
        }
      } else {
        selections.append(AccountSelection(name: target.account, folders: target.folder.map { [$0] }))
      }
    }
    return selections
  }
}
