/// What TLS, name resolution and the C library read of the system, wherever that is the same. Each may be missing.
enum SystemPlaces {
  static let grants: [AccessRules.Grant] =
    [
      // Whole: resolv.conf, hosts and the like are replaced by renaming while we run. What is secret in there is so by
      // its mode.
      "/etc",
      // What /etc/resolv.conf may be a link to one day.
      "/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf", "/run/connman", "/run/netconfig",
      // Modules of nsswitch.conf and character sets, which the C library loads when it needs them.
      "/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/lib32", "/usr/libexec", "/usr/local/lib",
      "/nix/store", "/gnu/store", "/run/current-system",
      // Trust anchors, time zones, locales.
      "/usr/share", "/usr/local/share", "/var/lib/ca-certificates",
      // Of ourselves, and how many processors and inotify watches there are.
      "/proc/self", "/proc/sys", "/sys/devices/system", "/dev/urandom", "/dev/random",
    ].map { AccessRules.Grant($0, .read) } + [
      // libdispatch looks each second at /proc/TID/stat of its threads, where work waits for one, and ends the process where
      // it cannot. A thread's directory is not below the process's, and cannot be granted before there is the thread. Of
      // other processes that shows what anybody sees: Landlock keeps what needs ptrace(2) from us (from root but a part).
      AccessRules.Grant("/proc", .readFiles), AccessRules.Grant("/dev/null", .device),
    ]
}
