import Mail

/// Reads `[accounts.NAME.folders]`.
enum FoldersReader {
  /// Nil where something is wrong with it, which has then been told.
  static func rules(_ account: inout TableReader) -> FolderRules? {
    guard var reader = account.table("folders") else { return account.has("folders") ? nil : FolderRules() }
    let include = patterns("include", &reader)
    let exclude = patterns("exclude", &reader)
    let renames = renames(&reader)
    let areFine = (include != nil || !reader.has("include")) && (exclude != nil || !reader.has("exclude"))
    reader.finish()
    guard areFine, let renames else { return nil }
    let rules = FolderRules(include: include, exclude: exclude ?? [], renames: renames)
    return leavesInboxItsPlace(rules, renames, reader) ? rules : nil
  }

  /// Of all folders INBOX alone is surely there, so that whoever takes its local name surely collides with it.
  private static func leavesInboxItsPlace(_ rules: FolderRules, _ renames: [RenameRule], _ reader: TableReader) -> Bool
  {
    guard case .conflicting = rules.verdict(remote: .inbox),
      let taker = renames.first(where: { $0.local == .exact(.inbox) })
    else { return true }
    reader.complaints.add(
      reader.path + ["rename", taker.remoteText],
      expected: "a local name other than INBOX, or INBOX renamed or excluded as well", found: "\(taker)")
    return false
  }

  /// Nil where there is no such key, or something is wrong with it.
  private static func patterns(_ key: String, _ reader: inout TableReader) -> [FolderPattern]? {
    guard let texts = reader.strings(key) else { return nil }
    var areFine = true
    var patterns: [FolderPattern] = []
    for (number, text) in texts.enumerated() {
      do {
        patterns.append(try FolderPattern(text))
      } catch {
        reader.complaints.add(reader.path + [key, String(number)], expected: error.expected, found: error.found)
        areFine = false
      }
    }
    return areFine ? patterns : nil
  }

  private static func renames(_ reader: inout TableReader) -> [RenameRule]? {
    guard var table = reader.table("rename") else { return reader.has("rename") ? nil : [] }
    var rules: [RenameRule] = []
    var (byRemote, byLocal) = ([RenamePattern: RenameRule](), [RenamePattern: RenameRule]())
    var areFine = true
    for remote in table.keys {
      guard let local = table.string(remote) else {
        areFine = false
        continue
      }
      do {
        let rule = try RenameRule(remote: remote, local: local)
        // Where one local name would stand for two remote ones, or the other way round.
        if let other = byRemote[rule.remote] ?? byLocal[rule.local] {
          table.complain(
            remote, expected: "one remote folder for each local one, since the rule is used in both directions",
            found: "\(rule) beside \(other)")
          areFine = false
        } else {
          rules.append(rule)
          (byRemote[rule.remote], byLocal[rule.local]) = (rule, rule)
        }
      } catch {
        table.complain(remote, expected: error.expected, found: error.found)
        areFine = false
      }
    }
    return areFine ? rules : nil
  }
}
