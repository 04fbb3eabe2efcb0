import Mail
import Support

/// A piece of life with an account, the same whatever the server can: the first sync, changes on both sides while
/// martlet is stopped, and while it runs.
struct Life {
  let installation: Installation
  let both: BothSides

  init(_ installation: Installation, _ client: MailClient) {
    self.installation = installation
    both = BothSides(installation, client)
  }

  /// `isPushed`: whether changes on the server arrive by themselves within seconds.
  func play(isPushed: Bool) async throws {
    let mails = try await begin()
    try await settle()
    try await change(Array(mails[0..<15]), round: 1)
    try await settle()
    try await run(with: Array(mails[15..<30]), isPushed: isPushed)
    try await requireRest()
  }

  private func run(with mails: [SampleMail], isPushed: Bool) async throws {
    let daemon = try await installation.start("-vv")
    do {
      try await change(mails, round: 2)
      if !isPushed { try await installation.syncCleanly() }
      try await both.settle()
      try await requireRest()
      try await stop(daemon)
    } catch {
      await daemon.stop()
      throw SupportError("\(error)\nmartlet said:\n\(daemon.standardErrors)")
    }
  }

  /// Mail on both sides before martlet ever ran, and the first sync.
  private func begin() async throws -> [SampleMail] {
    try await both.createOnServer(Names.work)
    // With the parents, which some servers make of their own accord as folders like others.
    for folder in [Names.listsTop, Names.lists, Names.made("there")] { try await both.createOnServer(folder) }
    let mails = try await both.append(30)
    try await both.append(5, to: Names.lists)
    try await both.makeInMaildir(.inbox)
    for folder in [Names.here, Names.made("here")] { try await both.makeInMaildir(folder) }
    try await both.deliver(3)
    try await both.deliver(3, to: Names.here)
    return mails
  }

  private func settle() async throws {
    try await installation.syncCleanly()
    let differences = try await both.differences()
    guard differences.isEmpty else { throw SupportError(differences.joined(separator: "\n")) }
    try await requireRest()
  }

  /// Law L2: a further pass finds nothing to do.
  private func requireRest() async throws {
    let report = try await installation.syncCleanly()
    guard report.isEmpty else { throw SupportError("a further pass was not empty: \(report)") }
  }

  private func stop(_ daemon: ChildProcess) async throws {
    let ending = await daemon.stop()
    guard ending == .exited(0) else { throw SupportError("martlet \(ending): \(daemon.standardErrors)") }
  }

  /// Every kind of change, each to messages of its own.
  private func change(_ mails: [SampleMail], round: Int) async throws {
    let made = (Names.made("there", "\(round)"), Names.made("here", "\(round)"))
    try await both.append(3)
    try await both.storeOnServer(.add, FlagSet(.flagged, keywords: [Names.keyword]), mails[0])
    try await both.storeOnServer(.replace, FlagSet(.answered), mails[1])
    try await both.expunge(mails[2])
    try await both.moveOnServer(mails[3], to: Names.work)
    try await both.createOnServer(made.0)
    try await both.append(2, to: made.0)

    try await both.deliver(3)
    try await both.setInMaildir([.seen, .flagged], mails[4])
    try await both.addInMaildir(Names.keyword, mails[5])
    try await both.unlink(mails[6])
    try await both.moveInMaildir(mails[7], to: Names.work)
    try await both.makeInMaildir(made.1)
    try await both.deliver(2, to: made.1)

    // The same message on both sides.
    if round == 1 { try await changeOneOnBothSides(mails[8], mails[9]) }
  }

  /// While nothing runs, so that each side changes without knowing of the other.
  private func changeOneOnBothSides(_ flagged: SampleMail, _ deleted: SampleMail) async throws {
    try await both.storeOnServer(.replace, FlagSet(.answered), flagged)
    try await both.addInMaildir(Names.keyword, flagged)
    // Deleted on one side and flagged on the other is deleted (L7).
    try await both.setInMaildir([.seen, .flagged], deleted)
    try await both.expunge(deleted)
  }
}
