import Foundation
import Support

/// `make soak`: the real `martlet run` and a private Dovecot for as long as wished, with clients that change the account
/// from both sides, a network that breaks every minute and a server that restarts every ten. Exit status 0 only if both
/// sides then are as the clients left them, and the daemon's memory and descriptors stayed as they were.
@main
struct Soak {
  static func main() async {
    do {
      let options = try SoakOptions(CommandLine.arguments.dropFirst())
      exit(await Soak(options: options).isFine() ? 0 : 1)
    } catch {
      complain("martlet-soak: \(error)")
      exit(64)
    }
  }

  let options: SoakOptions

  /// Leaves nothing running and nothing on the disk but the log.
  private func isFine() async -> Bool {
    do {
      let stage = try await Stage.set(options)
      var faults: [String]
      do {
        faults = try await play(on: stage)
      } catch {
        faults = ["\(error)"]
      }
      let leavings = faults.isEmpty ? nil : options.logFile + ".left"
      faults += await stage.strike(leavings: leavings)
      for fault in faults { say("FAULT: \(fault)") }
      if !faults.isEmpty { say("martlet's log is \(options.logFile)") }
      if let leavings { say("Maildir and state are in \(leavings)") }
      return faults.isEmpty
    } catch {
      complain("martlet-soak could not be set up: \(error)")
      return false
    }
  }

  /// What was wrong in the end, a sentence each.
  private func play(on stage: Stage) async throws -> [String] {
    say(
      "\(options.minutes) min of seed \(options.seed): \(Crowd.size) clients, a cut every minute, a server restart every "
        + "ten")
    let crowd = try await Crowd(on: stage, seed: options.seed)
    let record = VitalRecord(of: stage.daemon.identifier, minutes: options.minutes)
    let trouble = Trouble(stage, seed: options.seed)
    let end = Deadline(in: .seconds(60 * options.minutes))
    let people = try await withThrowingTaskGroup(of: Person?.self) { group in
      for person in crowd.people {
        group.addTask {
          var person = person
          try await person.live(until: end)
          return person
        }
      }
      group.addTask {
        try await trouble.stir(until: end)
        return nil
      }
      group.addTask {
        try await record.keep(until: end) { minute, vitals in
          let (messages, folders) = try stage.extent()
          say(
            "\(minute) min: \(crowd.acts) acts, \(messages) messages in \(folders) folders, \(vitals); "
              + "\(trouble.cuts) cuts, \(trouble.restarts) restarts")
        }
        return nil
      }
      return try await group.reduce(into: [Person]()) { people, person in if let person { people.append(person) } }
    }
    say("The clients have stopped after \(crowd.acts) acts.")
    let faults = try await Closing(stage, crowd.landmarks + people.flatMap(\.belongings), seed: options.seed).faults()
    return faults + record.faults()
  }
}

func say(_ text: String) {
  print(text)
  fflush(nil)
}

func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
