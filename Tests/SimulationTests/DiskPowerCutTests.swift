import Mail
import Ports
import Reactor
import Simulation
import Support
import Testing

/// Writes, renames and removes by dice; refusals are part of it.
@Loop
func churn(_ fixture: DiskFixture, seed: UInt64, steps: Int = 60) throws {
  var dice = Dice(seed: seed)
  let directories = ["/mail/a", "/mail/b", "/mail/a/c"]
  for directory in directories { try fixture.disk.makeDirectory(directory) }
  for step in 0..<steps {
    let one = "\(dice.pick(directories))/\(dice.below(6))"
    let two = "\(dice.pick(directories))/\(dice.below(6))"
    let (choice, disk) = (dice.below(8), fixture.disk)
    _ = refusal { () throws(FileError) in
      switch choice {
      case 0...2: try disk.write(one, "content \(step)")
      case 3: try disk.rename(one, two)
      case 4: try disk.link(one, two)
      case 5: try disk.unlink(one)
      case 6: try disk.sync(one)
      default: try disk.sync(directories[step % 3])
      }
    }
  }
}

@Suite("A power cut")
struct DiskPowerCutTests {
  /// All that different dice make of the same story, told by the dump.
  @Loop
  private func outcomes(
    _ journal: DiskTraits.Journal = .whole, renamesAtOnce: Bool = true, below path: String = "/mail",
    _ story: (DiskFixture) async throws -> Void
  ) async throws -> Set<String> {
    var traits = DiskTraits()
    traits.journal = journal
    traits.hasExclusiveRename = renamesAtOnce
    var found: Set<String> = []
    for seed in diskSeeds {
      let fixture = try DiskFixture(traits)
      try await story(fixture)
      fixture.crash(.powerCut, seed: seed)
      let files = fixture.disk.files(below: path)
      found.insert(
        files.map { "\($0.path.dropFirst(6))=\(String(decoding: $0.bytes, as: UTF8.self))" }.joined(separator: " "))
    }
    return found
  }

  @Test("a crash of the programs alone loses nothing")
  func processOnly() async throws {
    try await Reactor.onShared {
      for seed in diskSeeds.prefix(20) {
        let fixture = try DiskFixture()
        try churn(fixture, seed: seed)
        let before = fixture.disk.dump(below: "/")
        fixture.crash(.processOnly, seed: seed)
        #expect(fixture.disk.dump(below: "/") == before)
      }
    }
  }

  @Test("what was synced survives, file and name", arguments: [DiskTraits.Journal.whole, .byDirectory])
  func durable(journal: DiskTraits.Journal) async throws {
    try await Reactor.onShared {
      let found = try await outcomes(journal) { fixture in
        try fixture.files.makeDirectory("new")
        try fixture.files.makeDirectory("tmp")
        try await fixture.files.makeDurable(files: [], directories: [""])
        try fixture.write("tmp/x", "hello")
        try await fixture.files.makeDurable(files: ["tmp/x"], directories: [])
        try fixture.files.rename("tmp/x", to: "new/x", isMail: true)
        try await fixture.files.makeDurable(files: [], directories: ["new"])
      }
      // Without a journal over both directories the old name may come back; it never does so alone.
      #expect(found == (journal == .whole ? ["new/x=hello"] : ["new/x=hello", "new/x=hello tmp/x=hello"]))
    }
  }

  @Test("a file that was synced may have lost its name")
  func lostName() async throws {
    try await Reactor.onShared {
      let found = try await outcomes { fixture in
        try fixture.write("x", "hello")
        try await fixture.files.makeDurable(files: ["x"], directories: [])
      }
      #expect(found == ["", "x=hello"])
    }
  }

  @Test("a file that was not synced may be empty, cut or full of zeros under a name that was")
  func lostContent() async throws {
    try await Reactor.onShared {
      let found = try await outcomes { fixture in
        try fixture.write("tmp", "hello")
        try fixture.files.rename("tmp", to: "x", isMail: true)
        try await fixture.files.makeDurable(files: [], directories: [""])
      }
      #expect(found.isSuperset(of: ["x=", "x=hel", "x=hello", "x=\0\0\0\0\0", "x=he\0\0\0"]))
      #expect(found.allSatisfy { $0.hasPrefix("x=") })
    }
  }

  @Test("a file written anew may have its former content, and a small file that is replaced is old or new")
  func replaced() async throws {
    try await Reactor.onShared {
      let overwritten = try await outcomes { fixture in
        try fixture.disk.write("/mail/x", "old")
        fixture.disk.writeBack()
        try fixture.disk.write("/mail/x", "new")
      }
      #expect(overwritten.isSuperset(of: ["x=old", "x=new", "x=", "x=ne"]))
      let replaced = try await outcomes { fixture in
        try fixture.disk.write("/mail/x", "old")
        fixture.disk.writeBack()
        try fixture.write("draft", "new")
        try await fixture.files.makeDurable(files: ["draft"], directories: [])
        try fixture.files.replace("x", with: "draft")
      }
      #expect(replaced == ["x=old", "draft=new x=old", "x=new"])
    }
  }

  @Test("a rename is kept or lost as a whole, and never without what it builds on")
  func renames() async throws {
    try await Reactor.onShared {
      let found = try await outcomes { fixture in
        for name in ["a", "b"] { try fixture.files.makeDirectory(name) }
        try fixture.disk.write("/mail/a/1", "x")
        fixture.disk.writeBack()
        try fixture.files.rename("a/1", to: "b/2", isMail: true)
        try fixture.files.rename("b/2", to: "a/3", isMail: true)
        try fixture.files.makeDirectory("c")
        try fixture.files.rename("a/3", to: "c/4", isMail: true)
      }
      #expect(found == ["a/1=x", "b/2=x", "a/3=x", "c/4=x"])
    }
  }

  @Test("directory by directory, a rename may leave both names; it loses the file only where the wrong one was synced")
  func torn() async throws {
    try await Reactor.onShared {
      let story = { @Loop (fixture: DiskFixture) async throws -> Void in
        for name in ["a", "b"] { try fixture.files.makeDirectory(name) }
        try fixture.disk.write("/mail/a/x", "x")
        fixture.disk.writeBack()
        try fixture.files.rename("a/x", to: "b/x", isMail: true)
      }
      #expect(try await outcomes(.byDirectory, story) == ["a/x=x", "b/x=x", "a/x=x b/x=x"])
      let synced = try await outcomes(.byDirectory) { fixture in
        try await story(fixture)
        try await fixture.files.makeDurable(files: [], directories: ["a"])
      }
      #expect(synced == ["", "b/x=x"])
      // What a person's program lost so is told of, also where there is another link.
      var traits = DiskTraits()
      traits.journal = .byDirectory
      for seed in diskSeeds {
        let fixture = try DiskFixture(traits)
        for name in ["a", "b", "c"] { try fixture.files.makeDirectory(name) }
        try fixture.disk.write("/mail/a/x", "x")
        try fixture.disk.link("/mail/a/x", "/mail/c/y")
        fixture.disk.writeBack()
        try fixture.disk.rename("/mail/a/x", "/mail/b/x")
        try await fixture.files.makeDurable(files: [], directories: ["a"])
        fixture.crash(.powerCut, seed: seed)
        #expect(fixture.disk.torn == (fixture.disk.list("/mail/b").isEmpty ? ["x"] : []))
      }
    }
  }

  @Test("directory by directory, a rename in two steps may lose a draft, and no mail (L1)")
  func tornInTwoSteps() async throws {
    try await Reactor.onShared {
      @Loop func story(isMail: Bool, to target: String) -> (DiskFixture) async throws -> Void {
        { fixture in
          for name in ["a", "b"] { try fixture.files.makeDirectory(name) }
          try fixture.disk.write("/mail/a/x", "x")
          fixture.disk.writeBack()
          try fixture.files.rename("a/x", to: target, isMail: isMail)
        }
      }
      let draft = try await outcomes(.byDirectory, renamesAtOnce: false, story(isMail: false, to: "b/x"))
      #expect(draft == ["", "a/x=x", "b/x=x", "a/x=x b/x=x"])
      let mail = try await outcomes(.byDirectory, renamesAtOnce: false, story(isMail: true, to: "b/x"))
      #expect(mail == ["b/x=x", "a/x=x b/x=x"])
      let renamed = try await outcomes(.byDirectory, renamesAtOnce: false, story(isMail: true, to: "a/y"))
      #expect(!renamed.contains(""))
    }
  }

  @Test("a directory that shows another content than before does not bear its times of then")
  func directoryTimes() async throws {
    try await Reactor.onShared {
      for seed in diskSeeds {
        let fixture = try DiskFixture()
        try fixture.files.makeDirectory("a")
        for name in ["a/1", "a/2"] { try fixture.write(name, "x") }
        fixture.disk.writeBack()
        let before = try fixture.files.status("a")?.modified
        for name in ["a/1", "a/2"] {
          fixture.clock.advance(by: .seconds(9))
          try fixture.files.unlink(name)
        }
        fixture.crash(.powerCut, seed: seed)
        let isWhole = fixture.disk.list("/mail/a").count == 2
        #expect((try fixture.files.status("a")?.modified == before) == isWhole)
      }
    }
  }

  @Test("a directory goes with all that is in it, unless the one above was synced")
  func lostDirectory() async throws {
    try await Reactor.onShared {
      let story = { @Loop (fixture: DiskFixture) async throws -> Void in
        try fixture.files.makeDirectory("a/b")
        try fixture.write("a/b/x", "x")
        try await fixture.files.makeDurable(files: ["a/b/x"], directories: ["a/b"])
      }
      #expect(try await outcomes(.byDirectory, story) == ["", "a/b/x=x"])
      #expect(try await outcomes(.whole, story) == ["a/b/x=x"])
      let whole = try await outcomes(.byDirectory) { fixture in
        try await story(fixture)
        try await fixture.files.makeDurable(files: [], directories: ["a", ""])
      }
      #expect(whole == ["a/b/x=x"])
    }
  }

  @Test("a directory that is removed takes nothing along that was moved out of it before")
  func emptiedDirectory() async throws {
    try await Reactor.onShared {
      for journal in [DiskTraits.Journal.whole, .byDirectory] {
        let found = try await outcomes(journal) { fixture in
          for name in ["a", "b"] { try fixture.files.makeDirectory(name) }
          try fixture.disk.write("/mail/a/x", "x")
          fixture.disk.writeBack()
          try fixture.disk.rename("/mail/a/x", "/mail/b/x")
          try fixture.disk.removeDirectory("/mail/a")
          try fixture.disk.sync("/mail")
        }
        #expect(found == ["b/x=x"])
      }
    }
  }

  @Test("whatever is left is a tree: each name once, links counted, nothing durable missing", arguments: diskSeeds)
  func consistency(seed: UInt64) async throws {
    try await Reactor.onShared {
      for journal in [DiskTraits.Journal.whole, .byDirectory] {
        var traits = DiskTraits()
        traits.journal = journal
        let fixture = try DiskFixture(traits)
        try churn(fixture, seed: seed)
        try await fixture.files.makeDurable(files: [], directories: ["", "a"])
        try fixture.write("a/kept", "kept")
        try await fixture.files.makeDurable(files: ["a/kept"], directories: ["a"])
        try churn(fixture, seed: seed &+ 1000, steps: 20)
        fixture.crash(.powerCut, seed: seed)
        #expect(fixture.disk.text("/mail/a/kept") == "kept")
        let files = fixture.disk.files(below: "/")
        var size = 0
        for (_, links) in Dictionary(grouping: files, by: { fixture.disk.status($0.path)?.inode }) {
          #expect(links.allSatisfy { fixture.disk.status($0.path)?.linkCount == links.count })
          size += links[0].bytes.count
        }
        #expect(fixture.disk.usedBytes == size)
        // What is left is durable.
        let left = fixture.disk.dump(below: "/")
        fixture.crash(.powerCut, seed: seed &+ 1)
        #expect(fixture.disk.dump(below: "/") == left)
        try churn(fixture, seed: seed)
      }
    }
  }

  @Test("a directory's time goes back with its names, so that nothing vouches for what was lost")
  func times() async throws {
    try await Reactor.onShared {
      for seed in diskSeeds {
        let fixture = try DiskFixture()
        let before = fixture.disk.status("/mail")?.modified
        fixture.clock.advance(by: .seconds(10))
        try fixture.write("x", "x")
        fixture.crash(.powerCut, seed: seed)
        #expect((fixture.disk.status("/mail")?.modified == before) == !fixture.disk.exists("/mail/x"))
      }
    }
  }
}
