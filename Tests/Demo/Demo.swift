import Foundation
import Support

/// `make demo`: a private Dovecot full of sample mail, the real `martlet run` beside it, and a minute of life on both
/// sides, each step measured. Exit status 0 only if every step came through and both sides are equal at the end.
@main
struct Demo {
  static func main() async {
    let screen = Screen()
    let options: DemoOptions
    do {
      options = try DemoOptions(CommandLine.arguments.dropFirst())
    } catch {
      screen.complain("martlet-demo: \(error)")
      exit(64)
    }
    let demo = Demo(options: options, screen: screen)
    let performance = Task { await demo.perform() }
    let interrupts = Interrupts { performance.cancel() }
    let isFine = await performance.value
    // Played to its end, it is ended by Ctrl-C as it should be.
    exit(isFine ? 0 : interrupts.exitCode ?? 1)
  }

  private let options: DemoOptions
  private let screen: Screen

  /// False where anything failed. Leaves nothing running and nothing on the disk.
  private func perform() async -> Bool {
    let stage: Stage
    do {
      stage = try await Stage.set(options, screen)
    } catch {
      if !Task.isCancelled { screen.complain("The demo could not be set up: \(error)") }
      return false
    }
    var isFine = false
    do {
      isFine = try await play(on: stage)
    } catch {
      if !Task.isCancelled { screen.failure("\(error)") }
    }
    if !isFine, !Task.isCancelled {
      screen.lines(of: "The end of martlet's log", stage.daemon.logTail)
    } else if screen.isAttended, options.stays {
      await stay(with: stage)
    }
    await stage.strike()
    return keepServerLog(of: stage) && isFine
  }

  private func keepServerLog(of stage: Stage) -> Bool {
    guard let file = options.logFile else { return true }
    do {
      try Data(stage.server.log.utf8).write(to: URL(fileURLWithPath: file + ".dovecot"))
      return true
    } catch {
      screen.complain("The server's log could not be kept: \(error)")
      return false
    }
  }

  private func play(on stage: Stage) async throws -> Bool {
    try await FirstSync(stage: stage, screen: screen).run()
    screen.note(
      """
      Each figure counts from the moment when the change was made on one side until it was seen on the other. Dovecot \
      itself waits 500 ms before it tells other sessions of a change: every figure "server → Maildir" contains them.
      """)
    let acts = [
      ("On the server, by another client", ServerScenes(stage: stage).steps),
      ("In the Maildir, by other programs", MaildirScenes(stage: stage).steps),
      ("When things go wrong", TroubleScenes(stage: stage).steps),
    ]
    var failures = 0
    for (title, steps) in acts {
      screen.heading(title)
      for step in steps {
        failures += await step.play(on: screen)
        try Task.checkCancellation()
        try stage.daemon.requireRunning()
        // So that each change meets two sides at rest, as in life.
        try await Task.sleep(for: Step.breath)
      }
    }
    let isEqual = try await FinalComparison(stage: stage, screen: screen).run()
    if failures > 0 { screen.failure("\(failures) of the steps above failed.") }
    return failures == 0 && isEqual
  }

  private func stay(with stage: Stage) async {
    do {
      let reader = try MailReader(in: stage)
      screen.heading("It goes on until Ctrl-C")
      screen.fact("look with", reader.command)
      screen.fact("martlet's view", stage.daemon.command(["status"]).joined(separator: " "))
      screen.fact("its log", stage.daemon.logFile)
      screen.fact("the server", "imaps://\(Stage.user):\(Stage.password)@localhost:\(stage.server.tlsPort)")
      try await stage.daemon.untilItEnds()
      screen.failure("martlet ended by itself.")
    } catch {
      if !Task.isCancelled { screen.failure("\(error)") }
    }
  }
}
