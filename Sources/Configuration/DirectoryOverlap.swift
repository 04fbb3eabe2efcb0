import Mail

/// Two accounts that would write the same directory would each take the other's mail for its own.
enum DirectoryOverlap {
  static func check(_ accounts: [AccountConfiguration], _ complaints: Complaints) {
    var trees: [(name: String, path: String, components: [Substring])] = []
    for account in accounts {
      guard case .maildir(let maildir) = account.near else { continue }
      // Real paths by their components: `Mail` is not around `Mailbox`, and a symbolic link is where it points.
      let components = DiskPath.realComponents(maildir.path)
      for other in trees where components.starts(with: other.components) || other.components.starts(with: components) {
        complaints.add(
          ["accounts", account.name, "local", "path"],
          expected: "a directory of its own, neither in that of another account nor around it",
          found: "\(printable(maildir.path)), where account \(other.name) has \(printable(other.path))")
      }
      trees.append((account.name, maildir.path, components))
    }
  }
}
