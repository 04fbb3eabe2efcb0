import Glibc

/// A lease for reading, which the kernel refuses while anybody has the file open for writing (fcntl(2), F_SETLEASE).
enum WriterLease {
  /// Of <fcntl.h> with _GNU_SOURCE, which Swift does not see.
  private static let setLease: CInt = 1024

  static func isRefused(_ descriptor: Int32) -> Bool {
    if fcntl(descriptor, setLease, CInt(F_RDLCK)) == 0 {
      // Let go of at once, so that it holds up nobody.
      _ = fcntl(descriptor, setLease, CInt(F_UNLCK))
      return false
    }
    return errno == EAGAIN
  }
}
