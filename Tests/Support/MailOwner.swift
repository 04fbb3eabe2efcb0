import Glibc

/// The system user as which a private server keeps mail.
struct MailOwner: Sendable {
  let user: String
  let userIdentifier: UInt32
  let groupIdentifier: UInt32
  /// True when this process is root and `user` is another.
  let isAnotherUser: Bool

  /// As root `nobody`, which every system has; otherwise ourselves.
  static func current() throws -> MailOwner {
    let isRoot = geteuid() == 0
    let entry = unsafe isRoot ? getpwnam("nobody") : getpwuid(geteuid())
    guard let entry = unsafe entry else {
      throw SupportError("there is no system user \(isRoot ? "nobody" : "for us")")
    }
    return unsafe MailOwner(
      user: String(cString: entry.pointee.pw_name), userIdentifier: entry.pointee.pw_uid,
      groupIdentifier: entry.pointee.pw_gid, isAnotherUser: isRoot)
  }

  /// The name of the user's group.
  func groupName() throws -> String {
    guard let entry = unsafe getgrgid(groupIdentifier) else {
      throw SupportError("there is no group \(groupIdentifier)")
    }
    return unsafe String(cString: entry.pointee.gr_name)
  }

  /// The words before a command that is to run as this user.
  var commandPrefix: [String] {
    isAnotherUser
      ? ["setpriv", "--reuid=\(userIdentifier)", "--regid=\(groupIdentifier)", "--clear-groups", "--"] : []
  }

  /// Gives a file or folder to this user.
  func own(_ path: String) throws {
    guard isAnotherUser else { return }
    guard unsafe chown(path, userIdentifier, groupIdentifier) == 0 else {
      throw SupportError.system("chown \(path)", code: errno)
    }
  }
}
