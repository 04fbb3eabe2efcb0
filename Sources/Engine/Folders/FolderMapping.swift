package import Mail

/// Which folders take part, and what each is called on the other side. Made from the configuration's rules.
///
/// Both directions are told which remote folders there are: a rule such as `"[Gmail]/*" = "*"` is one to one only among
/// these.
package struct FolderMapping: Sendable {
  package typealias Rule = @Sendable (_ name: FolderName, _ among: Set<FolderName>) -> FolderName?

  /// The local name of a remote folder; nil where it is left out.
  package let nearName: Rule
  /// The remote name of a local folder; nil where it is left out.
  package let farName: Rule

  /// Why a remote folder that is meant to take part has no place of its own here; nil where it has, or is left out.
  package let conflict: @Sendable (_ name: FolderName, _ among: Set<FolderName>) -> String?

  package init(
    nearName: @escaping Rule, farName: @escaping Rule,
    conflict: @escaping @Sendable (_ name: FolderName, _ among: Set<FolderName>) -> String? = { _, _ in nil }
  ) {
    self.nearName = nearName
    self.farName = farName
    self.conflict = conflict
  }

  /// Every folder under its own name.
  package static let identity = FolderMapping(nearName: { name, _ in name }, farName: { name, _ in name })
}
