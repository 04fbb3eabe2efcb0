/// One line of LIST or LSUB.
package struct ListResponse: Equatable, Sendable {
  package var attributes: MailboxAttributes
  /// RFC 6154 roles as `\Sent`, in its spelling, whatever case the server used.
  package var roles: Set<String>
  /// Nil for NIL: a flat name.
  package var delimiter: UInt8?
  package var name: MailboxName
  /// OLDNAME (RFC 9051 §6.3.9.7): what it was called until now.
  package var oldName: MailboxName?
  /// CHILDINFO names SUBSCRIBED: a child that matches is below.
  package var hasSubscribedChild: Bool

  package init(
    attributes: MailboxAttributes = [], roles: Set<String> = [], delimiter: UInt8?, name: MailboxName,
    oldName: MailboxName? = nil, hasSubscribedChild: Bool = false
  ) {
    self.attributes = attributes
    self.roles = roles
    self.delimiter = delimiter
    self.name = name
    self.oldName = oldName
    self.hasSubscribedChild = hasSubscribedChild
  }
}

/// RFC 9051 §7.3.1. Unknown attributes are left out.
package struct MailboxAttributes: OptionSet, Hashable, Sendable {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  package static let nonExistent = MailboxAttributes(rawValue: 1 << 0)
  package static let noSelect = MailboxAttributes(rawValue: 1 << 1)
  package static let noInferiors = MailboxAttributes(rawValue: 1 << 2)
  package static let hasChildren = MailboxAttributes(rawValue: 1 << 3)
  package static let hasNoChildren = MailboxAttributes(rawValue: 1 << 4)
  package static let marked = MailboxAttributes(rawValue: 1 << 5)
  package static let unmarked = MailboxAttributes(rawValue: 1 << 6)
  package static let subscribed = MailboxAttributes(rawValue: 1 << 7)
  package static let remote = MailboxAttributes(rawValue: 1 << 8)

  /// False for a name that cannot be selected.
  package var holdsMessages: Bool { isDisjoint(with: [.nonExistent, .noSelect]) }
}
