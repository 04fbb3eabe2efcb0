import Foundation
import Support

/// A network namespace of its own, whose links come and go without anybody else's noticing. It reaches nobody.
final class PrivateNetwork: Sendable {
  /// A shell in the namespace, which does what it reads.
  private let holder: ChildProcess

  /// False where this machine lets us make no namespace, or no link in one.
  static func isPermitted() async -> Bool {
    do {
      try await PrivateNetwork().addLink()
      return true
    } catch {
      return false
    }
  }

  init() async throws {
    let namespace = geteuid() == 0 ? "--net" : "-rn"
    let script = "echo done; while read -r line; do eval \"$line\" && echo done || echo failed; done"
    holder = try ChildProcess(["unshare", namespace, "sh", "-c", script], input: .pipe)
    try await confirm()
  }

  /// The words before a command that is to have this network.
  var entering: [String] {
    ["nsenter", "--target=\(holder.identifier)", "--net"]
      + (geteuid() == 0 ? ["--"] : ["--user", "--preserve-credentials", "--"])
  }

  /// As when a cable is plugged in.
  func addLink() async throws {
    holder.write(
      "ip link add link0 type veth peer name link1 && ip addr add 192.0.2.7/24 dev link0"
        + " && ip link set link0 up && ip link set link1 up\n")
    try await confirm()
  }

  private func confirm() async throws {
    let answer = try await holder.line()
    guard answer == "done" else { throw SupportError("a network: \(answer): \(holder.standardErrors)") }
  }
}
