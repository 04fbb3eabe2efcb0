/// What NOTIFY SET asks to be told unasked (RFC 5465 §5).
package struct NotifyRequest: Hashable, Sendable {
  /// The state of every matched mailbox at once, as STATUS lines.
  package var status: Bool
  /// What the FETCH that tells a new message in the selected mailbox holds; empty: FLAGS and UID, the server's choice.
  package var selectedItems: FetchItems
  /// \Seen, \Deleted and so on, in the selected mailbox and the others.
  package var flagChanges: Bool
  /// Mailboxes that come, go, or are renamed.
  package var mailboxNames: Bool
  package var subscriptions: Bool

  package init(
    status: Bool = true, selectedItems: FetchItems = [], flagChanges: Bool = true, mailboxNames: Bool = true,
    subscriptions: Bool = true
  ) {
    self.status = status
    self.selectedItems = selectedItems
    self.flagChanges = flagChanges
    self.mailboxNames = mailboxNames
    self.subscriptions = subscriptions
  }
}
