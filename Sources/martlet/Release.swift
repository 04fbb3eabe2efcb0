/// What this program is called and which one it is.
enum Release {
  static let name = "martlet"
  static let version = "0.1.0"
}
