import Foundation
import Support

/// A small file system of its own, that can be full or read-only: a tmpfs in a mount namespace that nobody else sees and
/// that goes with the process that holds it.
final class PrivateFileSystem: Sendable {
  private let folder: TemporaryDirectory
  /// What was on it, while it is not mounted.
  private let kept: TemporaryDirectory
  private let mounting: String
  /// A shell in the namespace, which does what it reads.
  private let holder: ChildProcess

  /// False where this machine lets us make no namespace, or mount nothing in one (most containers).
  static func isPermitted() async -> Bool {
    do {
      _ = try await PrivateFileSystem(kilobytes: 64)
      return true
    } catch {
      return false
    }
  }

  init(kilobytes: Int) async throws {
    folder = try TemporaryDirectory("mount")
    kept = try TemporaryDirectory("kept")
    // As root the namespace of mounts will do; for others, one of users comes with it.
    let namespace = geteuid() == 0 ? "-m" : "-rm"
    mounting = "mount -t tmpfs -o size=\(kilobytes)k,mode=0755 none \(folder.path)"
    let script =
      "\(mounting) || exit 1; echo done"
      + "; while read -r line; do eval \"$line\" && echo done || echo failed; done"
    holder = try ChildProcess(["unshare", namespace, "sh", "-c", script], input: .pipe)
    try await confirm()
  }

  /// A path in it for everybody, by way of the holder's view of the world.
  func appending(_ name: String) -> String { "/proc/\(holder.identifier)/root\(folder.path)/\(name)" }

  /// A path in it for programs that are run by `entering`. (SQLite does not take the one above: it follows the link.)
  func inside(_ name: String) -> String { folder.appending(name) }

  /// The words before a command that is to see what the holder sees.
  var entering: [String] {
    ["nsenter", "--target=\(holder.identifier)", "--mount"]
      + (geteuid() == 0 ? ["--"] : ["--user", "--preserve-credentials", "--"])
  }

  func resize(kilobytes: Int) async throws { try await remount("size=\(kilobytes)k") }

  func become(readOnly: Bool) async throws { try await remount(readOnly ? "ro" : "rw") }

  /// Takes what room is left, but for so much. Removed again by `free`.
  func fill(leaving kilobytes: Int) async throws {
    // dd ends with an error when the disk is full, which is the aim.
    try await run("dd if=/dev/zero of=\(folder.path)/.filler bs=4k 2>/dev/null; true")
    try await run("truncate -s -\(kilobytes)k \(folder.path)/.filler")
  }

  func free() async throws { try await run("rm \(folder.path)/.filler") }

  /// As somebody takes a disk away; what was on it is there again after `mountAnew`.
  func unmount() async throws {
    try await run("cp -a \(folder.path)/. \(kept.path) && umount -l \(folder.path)")
  }

  func mountAnew() async throws { try await run("\(mounting) && cp -a \(kept.path)/. \(folder.path)") }

  private func remount(_ option: String) async throws {
    try await run("mount -o remount,\(option) none \(folder.path)")
  }

  private func run(_ line: String) async throws {
    holder.write(line + "\n")
    try await confirm()
  }

  private func confirm() async throws {
    let answer = try await holder.line()
    guard answer == "done" else { throw SupportError("mounting \(answer): \(holder.standardErrors)") }
  }
}
