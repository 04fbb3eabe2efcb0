/// All that a confined process may touch.
package struct AccessRules: Hashable, Sendable {
  /// A place, with all that is below it where it is a directory.
  package struct Grant: Hashable, Sendable {
    package enum Use: Hashable, Sendable {
      case read
      /// Files whose names are known; no directory is listed.
      case readFiles
      /// Files are read, written, made, renamed and removed, directories too.
      case keep
      /// As `keep`, and sockets are made.
      case serve
      /// Read and written, as devices are.
      case device
    }

    package let path: String
    package let use: Use

    package init(_ path: String, _ use: Use) {
      self.path = path
      self.use = use
    }
  }

  /// Places that the user chose, and those of the system that come and go. Another file under the same name, as an
  /// editor or a mount puts it there, is not the one that was granted: `Confinement.isCurrent`.
  package var places: [Grant] = []
  /// TCP ports to connect to; counts from Landlock's ABI 4 on.
  package var ports: Set<UInt16> = []
  /// What the outer process runs for us.
  package var commands: Set<String> = []

  package init() {}
}

extension AccessRules.Grant.Use {
  var rights: FileRights {
    switch self {
    case .read: [.readFile, .readDirectory]
    case .readFiles: [.readFile]
    case .keep:
      [
        .readFile, .readDirectory, .writeFile, .truncate, .makeFile, .makeDirectory, .removeFile, .removeDirectory,
        .refer,
      ]
    case .serve: Self.keep.rights.union(.makeSocket)
    case .device: [.readFile, .writeFile]
    }
  }
}
