import Glibc

/// How many descriptors the process may have: each connection is one.
enum DescriptorLimit {
  /// To what the system allows. Where that fails, what there is has to do.
  static func raise() {
    var limit = rlimit()
    guard unsafe getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
  }
}
