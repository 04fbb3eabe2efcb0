import Mail

/// Where the floor client takes what it is told of: a Maildir, or another server.
protocol FloorSink: AnyObject {
  /// New mail. Returns when it is durable there.
  func add(_ message: [UInt8], _ fetch: FetchLine, uid: UInt32, in folder: FolderName) throws
  func setFlags(_ fetch: FetchLine, of uid: UInt32, in folder: FolderName) throws
  func remove(_ uid: UInt32, in folder: FolderName) throws
}
