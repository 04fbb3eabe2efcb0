import CLinux
import Foundation
import Support
import Testing

/// Where a confined martlet may go: everywhere that its configuration leads to, by whatever way, and nowhere else.
@Suite("martlet's places, confined", .enabled(if: clinux_landlock_version() >= 2, "this kernel has no Landlock"))
struct
  ConfinedPlacesTests
{
  @Test("are reached through links: to the Maildir, the configuration, its directory, the state, a TMPDIR nobody has")
  func links() async throws {
    let (home, client) = try await prepared("links")
    let elsewhere = try TemporaryDirectory("linked")
    try FileManager.default.createDirectory(atPath: home.maildir, withIntermediateDirectories: false)
    // A link to a directory of configurations, and in it one to the file, as people with dotfiles have it.
    try move(home.folder.appending(".config"), to: elsewhere.appending("dot-config"))
    try move(home.configurationFile, to: elsewhere.appending("configuration.toml"))
    try move(home.maildir, to: elsewhere.appending("Mail"))
    _ = try elsewhere.makeFolder("state", mode: 0o700)
    _ = try home.folder.makeFolder(".local", mode: 0o700)
    try FileManager.default.createSymbolicLink(
      atPath: home.folder.appending(".local/state"), withDestinationPath: elsewhere.appending("state"))
    try await client.append(letter("linked"))
    let outcome = try await home.run("sync", "-v", environment: ["TMPDIR": "/nowhere/at/all"])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    #expect(outcome.errors.contains("confined to"), "\(outcome.errors)")
    #expect(try count(elsewhere.appending("Mail/INBOX/new")) == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere.appending("state/martlet")) == ["work"])
  }

  /// OpenSSL opens what the links in this directory lead to: a confined process cannot be led astray by one.
  @Test("leave all else unread: what lies in ~/.ssh is there for check, which is not confined, and not for sync")
  func elsewhere() async throws {
    let server = try await DovecotServer.shared()
    let (home, client) = try await prepared("elsewhere")
    let authority = try String(contentsOfFile: server.authorityFile, encoding: .utf8)
    _ = try home.folder.makeFolder(".ssh", mode: 0o700)
    let anchors = try home.folder.makeFolder("anchors", mode: 0o700)
    let secret = try home.folder.write(authority, to: ".ssh/authority.pem", mode: 0o600)
    let hash = try await ChildProcess.output(of: ["openssl", "x509", "-hash", "-noout", "-in", secret])
    let name = anchors + "/" + hash.trimmingCharacters(in: .whitespacesAndNewlines) + ".0"
    try FileManager.default.createSymbolicLink(atPath: name, withDestinationPath: secret)
    try home.configure(
      Home.account("work", on: server, user: "places-elsewhere")
        .replacingOccurrences(of: "ca_file = \"\(server.authorityFile)\"\n", with: ""))
    let environment = ["SSL_CERT_DIR": anchors]
    try await client.append(letter("elsewhere"))
    let check = try await home.run("check", environment: environment)
    #expect(check.ending == .exited(0), "\(check.errors)")
    let confined = try await home.run("sync", environment: environment)
    #expect(confined.ending == .exited(77), "\(confined.errors)")
    try FileManager.default.removeItem(atPath: name)
    try FileManager.default.copyItem(atPath: secret, toPath: name)
    let inside = try await home.run("sync", environment: environment)
    #expect(inside.ending == .exited(0), "\(inside.errors)")
  }

  @Test("are made where no ledger knows them, and left alone by a dry run")
  func roots() async throws {
    let (home, client) = try await prepared("roots")
    try await client.append(letter("first"))
    let dry = try await home.run("sync", "--dry-run")
    #expect(dry.ending == .exited(0), "\(dry.errors)")
    #expect(!FileManager.default.fileExists(atPath: home.maildir))
    let first = try await home.run("sync")
    #expect(first.ending == .exited(0), "\(first.errors)")
    #expect(try count(home.maildir + "/INBOX/new") == 1)
  }

  @Test("are asked for where a known one is missing: nothing is made in its place, and nothing above it is given (L8)")
  func missing() async throws {
    let (home, client) = try await prepared("missing")
    try await client.append(letter("kept"))
    #expect(try await home.run("sync").ending == .exited(0))
    try FileManager.default.moveItem(atPath: home.maildir, toPath: home.maildir + ".away")
    let outcome = try await home.run("sync", "-v")
    #expect(outcome.ending != .exited(0))
    #expect(outcome.errors.contains("confined to"), "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: home.maildir))
    try FileManager.default.moveItem(atPath: home.maildir + ".away", toPath: home.maildir)
    #expect(try await home.run("sync").ending == .exited(0))
    #expect(try count(home.maildir + "/INBOX/new") == 1)
  }

  @Test("are taken up when they come: a Maildir that was missing when the daemon began (L8)")
  func late() async throws {
    let (home, client) = try await prepared("late")
    #expect(try await home.run("sync").ending == .exited(0))
    try FileManager.default.moveItem(atPath: home.maildir, toPath: home.maildir + ".away")
    let daemon = try home.start("run")
    _ = try await daemon.line(of: .errors) { $0.contains("the next try is") }
    try FileManager.default.moveItem(atPath: home.maildir + ".away", toPath: home.maildir)
    daemon.signal(SIGUSR1)
    _ = try await daemon.line(of: .errors) { $0.hasPrefix("work: watching") }
    try await client.append(letter("late"))
    _ = try await daemon.line(of: .errors) { $0 == "work: INBOX: local: 1 new" }
    await daemon.stop()
  }

  /// Seen by nobody but the program: a filter of system calls that answers ENOSYS to Landlock, as an old kernel does.
  @Test(
    "are all there are where the kernel has no Landlock: that is told once, where details are, and all goes on",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/perl"), "there is no perl"))
  func oldKernel() async throws {
    let (home, client) = try await prepared("old")
    try await client.append(letter("old"))
    // struct sock_filter: load the call's number; 444, landlock_create_ruleset, is answered ENOSYS, all else allowed.
    let script = """
      my $number = `uname -m` =~ /x86_64/ ? 157 : 167;
      my $filter = pack("SCCL" x 4, 0x20,0,0,0, 0x15,0,1,444, 0x06,0,0,0x00050026, 0x06,0,0,0x7fff0000);
      my $program = pack("Sx6P", 4, $filter);
      syscall($number, 38, 1, 0, 0, 0) == 0 or die;
      syscall($number, 22, 2, $program) == 0 or die "$!";
      exec @ARGV;
      """
    func run(_ words: String...) async throws -> ChildProcess.Result {
      try await ChildProcess.run(
        ["/usr/bin/perl", "-e", script, Home.program] + words, environment: home.environment())
    }
    let quiet = try await run("sync")
    #expect(quiet.ending == .exited(0), "\(quiet.errors)")
    #expect(!quiet.errors.contains("confined"), "\(quiet.errors)")
    let told = try await run("sync", "-v")
    #expect(told.ending == .exited(0), "\(told.errors)")
    #expect(told.errors.components(separatedBy: "not confined").count == 2, "\(told.errors)")
    #expect(try count(home.maildir + "/INBOX/new") == 1)
  }

  private func prepared(_ user: String) async throws -> (Home, MailClient) {
    let server = try await DovecotServer.shared()
    let home = try Home()
    try home.configure(Home.account("work", on: server, user: "places-" + user))
    return (home, try await server.client("places-" + user))
  }

  /// And leaves a link behind.
  private func move(_ path: String, to target: String) throws {
    try FileManager.default.moveItem(atPath: path, toPath: target)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
  }

  private func count(_ directory: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: directory).count
  }
}
