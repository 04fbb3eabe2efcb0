/// A value that must not be seen: printing, interpolating or reflecting it shows `***` (law L13).
package struct Secret<Value: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let value: Value
  package init(_ value: Value) { self.value = value }

  /// The one way to the value; each use is a place to look at in a review.
  package func reveal() -> Value { value }

  package var description: String { "***" }
  package var debugDescription: String { "***" }
  package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
