/// Tells what happens in directories (inotify). Events say where to look; what is true is looked up.
@Loop
package protocol DirectoryWatcher: AnyObject, Sendable {
  /// From when it returns, changes of names in `directory` are told. Watching it again is fine.
  func watch(_ directory: String) throws(FileError)

  func unwatch(_ directory: String)

  /// Waits for events; all that are there come together, in order. One waiter at a time. Throws only when cancelled
  /// or closed.
  func next() async throws(CancellationError) -> [DirectoryEvent]

  /// How often a name in `directory` came, went or changed since it is watched, all included that happened before this
  /// call. Between two equal answers nothing did: so a listing made between them shows what there is. Nil where the
  /// directory is not watched.
  func changeCount(in directory: String) -> Int?

  func close()
}

package struct DirectoryEvent: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// Made, or linked in: it may not be whole yet.
    case created
    /// Closed after writing.
    case written
    /// Dated, or its mode changed.
    case attributesChanged
    /// Renamed; both ends of one rename carry the same cookie.
    case movedIn(cookie: UInt32)
    case movedOut(cookie: UInt32)
    case deleted
    /// The watched directory itself went or was renamed; it is watched no more.
    case directoryGone
    /// Events were lost: look everywhere.
    case overflow
  }

  package let kind: Kind
  /// As it was given to `watch`; empty for an overflow.
  package let directory: String
  /// Empty where the event is the directory's own. Not UTF-8 on disk: a stand-in that names nothing.
  package let name: String
  package let isDirectory: Bool

  package init(_ kind: Kind, directory: String, name: String, isDirectory: Bool) {
    self.kind = kind
    self.directory = directory
    self.name = name
    self.isDirectory = isDirectory
  }
}
