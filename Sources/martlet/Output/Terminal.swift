import Glibc

/// What is known of the terminal behind a descriptor.
enum Terminal {
  /// True where a line may be drawn over again: not on a terminal that says nothing of itself.
  static func isLive(_ descriptor: Int32, environment: Environment) -> Bool {
    isatty(descriptor) == 1 && !["", "dumb"].contains(environment["TERM"] ?? "")
  }

  /// `NO_COLOR` counts where it is set and not empty (no-color.org).
  static func mayColor(_ descriptor: Int32, environment: Environment) -> Bool {
    isLive(descriptor, environment: environment) && (environment["NO_COLOR"] ?? "").isEmpty
  }

  /// In columns; 80 where the terminal does not say.
  static func width(_ descriptor: Int32) -> Int {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// In lines; 24 where the terminal does not say.
  static func height(_ descriptor: Int32) -> Int {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return 24 }
    return Int(size.ws_row)
  }
}
