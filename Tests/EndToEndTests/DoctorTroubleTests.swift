import Control
import Foundation
import Mail
import Support
import Testing

/// What the doctor finds beyond the files of an account: the daemon, the server, the kernel, and what waits in the ledger.
@Suite("The doctor, of what is around an account", .notAllAtOnce)
struct DoctorTroubleTests {
  @Test("names each message set aside with its reason (L11)")
  func setAside() async throws {
    let limit = """
      mail_plugins = quota
      protocol imap {
        mail_plugins = imap_zlib quota
      }
      plugin {
        quota = maildir:User quota
        quota_max_mail_size = 100k
      }
      """
    try await DovecotServer.running(DovecotOptions(extraConfiguration: limit)) { server in
      let both = try await synced(server, 3)
      let large = SampleMail(seed: 9, number: 1, kind: .attachment, size: 300_000)
      let unique = try both.installation.maildirFolder().deliver(large.bytes)
      #expect(try await both.installation.sync().exitCode == 1)
      let (code, report) = try await both.installation.doctor("--fix")
      #expect(code == 1)
      #expect(report.open.map(\.kind) == ["set-aside"], "\(report)")
      #expect(report.open.first?.subject.contains(unique) == true)
    }
  }

  @Test("tells what the brake holds back, and what to type (L9)")
  func brake() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server, 30)
      for entry in try await both.installation.watch.tree()[.inbox] { try both.installation.remove(entry) }
      let (code, report) = try await both.installation.doctor("--fix")
      #expect(code == 1)
      #expect(report.open.map(\.kind) == ["brake"], "\(report)")
      #expect(report.open.first?.text.contains("--allow-deletions") == true)
      #expect(try await both.count() == 30)
    }
  }

  @Test("tells of a server that cannot be reached, and of all else nevertheless")
  func unreachable() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server, 3)
      await server.stop()
      let (code, report) = try await both.installation.doctor()
      #expect(code == 1)
      #expect(report.open.map(\.kind) == ["server"], "\(report)")
      #expect(report.accounts.first?.fine.contains { $0.hasPrefix("the ledger is whole: 1 folder") } == true)
    }
  }

  @Test("does not wait for a daemon that hangs, and asks nothing more of it")
  func hangingDaemon() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server, 3)
      let daemon = try await both.installation.start()
      daemon.pause()
      let (code, report) = try await both.installation.doctor("--fix")
      daemon.resume()
      #expect(code == 1)
      #expect(Set(report.open.map(\.kind)) == ["daemon"], "\(report)")
      #expect(report.findings.contains { $0.text.contains("does not answer") })
      #expect(await daemon.stop() == .exited(0))
      #expect(try await both.differences() == [])
    }
  }

  @Test(
    "counts the directories to be watched against the kernel's limit, and names the setting",
    .enabled("this machine permits no mount namespace") { await PrivateFileSystem.isPermitted() })
  func watches() async throws {
    let folder = try TemporaryDirectory("limit")
    let limit = try folder.write("3\n", to: "limit", mode: 0o644)
    // As root the namespace of mounts will do; for others, one of users comes with it.
    let pretend = [
      "unshare", geteuid() == 0 ? "-m" : "-rm", "sh", "-c",
      "mount --bind \(limit) /proc/sys/fs/inotify/max_user_watches && exec \"$@\"", "sh",
    ]
    try await DovecotServer.running { server in
      let installation = try Installation(.tls(server, user: "a"), prefix: pretend)
      let both = BothSides(installation, try await server.client("a"))
      try await both.append(1)
      try await installation.syncCleanly()
      let (code, report) = try await installation.doctor()
      #expect(code == 1)
      #expect(report.open.map(\.kind) == ["watches"], "\(report)")
      #expect(report.open.first?.remedy?.contains("sysctl fs.inotify.max_user_watches=") == true)
    }
  }

  @Test("speaks to people by default, in one line for each thing and one for what helps")
  func words() async throws {
    try await DovecotServer.running { server in
      let both = try await synced(server, 3)
      try FileManager.default.removeItem(atPath: both.installation.maildirFolder().path + "/tmp")
      let result = try await both.installation.run("doctor")
      #expect(result.ending == .exited(1), "\(result.errors)")
      #expect(result.output.contains("\n  problem  INBOX: tmp is missing: nothing can be delivered there\n"))
      #expect(result.output.hasSuffix("\n1 problem; martlet doctor --fix mends that\n"), "\(result.output)")
      #expect(result.errors.isEmpty, "\(result.errors)")
      let fixed = try await both.installation.run("doctor", "--fix", Installation.account)
      #expect(fixed.ending == .exited(0))
      #expect(fixed.output.hasSuffix("\nall mended (1)\n"), "\(fixed.output)")
    }
  }

  private func synced(_ server: DovecotServer, _ count: Int) async throws -> BothSides {
    let both = BothSides(try Installation(.tls(server, user: "a")), try await server.client("a"))
    try await both.append(count)
    try await both.installation.syncCleanly()
    return both
  }
}
