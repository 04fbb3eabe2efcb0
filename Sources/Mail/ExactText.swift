/// Text as a key that is the same only where its bytes are.
///
/// Swift's `==` takes an `é` for the same as an `e` with an accent behind it; a file system and a server hold them apart.
package struct ExactText: Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }

  /// Hashed as text is, which is the same for more than the same bytes, and so for these.
  package static func == (left: ExactText, right: ExactText) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
}
