import Engine
import Ports
import Reconciliation
import Testing

@Suite("The agenda")
struct AgendaTests {
  private let folder = FolderID(rawValue: 1)
  private let other = FolderID(rawValue: 2)
  private let start = LoopInstant(nanoseconds: 0)

  @Test("acts on the first event in a quiet folder at once")
  func firstAtOnce() {
    var agenda = Agenda()
    #expect(agenda.handle([.changed(folder, .far)], at: start) == [.pass([folder])])
    #expect(agenda.begin(folder) == Sides(near: .none, far: .pending))
  }

  @Test("folds what comes while a pass is queued or runs into the next one")
  func burst() {
    var agenda = Agenda()
    _ = agenda.handle([.changed(folder, .far)], at: start)
    #expect(agenda.handle([.changed(folder, .far)], at: start) == [])
    _ = agenda.begin(folder)
    #expect(agenda.handle([.changed(folder, .near), .changed(folder, .far)], at: start) == [])
    let soon = start.advanced(by: Agenda.foldInterval)
    #expect(agenda.handle([.passEnded(folder, failed: false)], at: start) == [.wake(at: soon)])
    #expect(agenda.handle([.tick], at: soon) == [.pass([folder])])
    #expect(agenda.begin(folder) == Sides(near: .pending, far: .pending))
  }

  @Test("looks at folders whose events came together in one pass")
  func together() {
    var agenda = Agenda()
    let events: [Agenda.Event] = [.changed(other, .near), .changed(folder, .near)]
    #expect(agenda.handle(events, at: start) == [.pass([folder, other])])
  }

  @Test("makes a failed pass again, wide, after a wait that grows (L11)")
  func failure() {
    var agenda = Agenda()
    _ = agenda.handle([.changed(folder, .far)], at: start)
    var now = start
    var waits: [Duration] = []
    for _ in 0..<3 {
      _ = agenda.begin(folder)
      let effects = agenda.handle([.passEnded(folder, failed: true)], at: now)
      guard case .wake(let next)? = effects.first else { return #expect(Bool(false), "no retry planned") }
      waits.append(now.duration(to: next))
      now = next
      #expect(agenda.handle([.tick], at: now) == [.pass([folder])])
    }
    #expect(waits == [.seconds(5), .seconds(10), .seconds(20)])
    #expect(agenda.begin(folder) == Sides(near: .wide, far: .wide))
  }

  @Test("one folder's failure never delays another's event")
  func independence() {
    var agenda = Agenda()
    _ = agenda.handle([.changed(folder, .far)], at: start)
    _ = agenda.begin(folder)
    _ = agenda.handle([.passEnded(folder, failed: true)], at: start)
    let effects = agenda.handle([.changed(other, .far)], at: start)
    #expect(effects.first == .pass([other]))
  }

  @Test("a pass that begins takes nothing from a folder that waits for its turn")
  func waitingFolder() {
    var agenda = Agenda()
    _ = agenda.handle([.changed(folder, .far)], at: start)
    _ = agenda.begin(folder)
    _ = agenda.handle([.passEnded(folder, failed: false), .changed(folder, .far)], at: start)
    let later = start.advanced(by: Agenda.foldInterval)
    #expect(agenda.handle([.changed(other, .far)], at: start).first == .pass([other]))
    _ = agenda.begin(other)
    #expect(agenda.handle([.tick], at: later) == [.pass([folder])])
  }

  @Test("local news that came with, or after, another folder's is looked at with it: they may be the ends of one move")
  func company() {
    var agenda = Agenda()
    _ = agenda.handle([.changed(other, .near)], at: start)
    _ = agenda.begin(other)
    // The first of several messages is being looked at; the others came, and all are gone from their old place.
    #expect(agenda.handle([.changed(other, .near), .changed(folder, .near)], at: start).isPass == false)
    #expect(agenda.handle([.changed(folder, .near)], at: start).isPass == false)
    let soon = start.advanced(by: Agenda.foldInterval)
    #expect(agenda.handle([.passEnded(other, failed: false)], at: start).isPass == false)
    #expect(agenda.handle([.tick], at: soon).first == .pass([folder, other]))
    _ = agenda.begin(folder)
    _ = agenda.begin(other)
    // Nothing of the other folder is left to be looked at.
    _ = agenda.handle([.passEnded(other, failed: false)], at: soon)
    #expect(agenda.handle([.changed(folder, .near), .passEnded(folder, failed: false)], at: soon).isPass == false)
    #expect(agenda.handle([.tick], at: soon.advanced(by: Agenda.foldInterval)) == [.pass([folder])])
  }

  @Test("no folder waits long for another, nor for one that fails, nor for news from the server")
  func companyEnds() {
    var agenda = Agenda()
    _ = agenda.handle([.changed(other, .near)], at: start)
    _ = agenda.begin(other)
    let late = start.advanced(by: Agenda.companyPatience)
    #expect(agenda.handle([.changed(folder, .near)], at: start) == [.wake(at: late)])
    #expect(agenda.handle([.tick], at: late) == [.pass([folder])])
    _ = agenda.begin(folder)
    _ = agenda.handle([.passEnded(folder, failed: false)], at: late)
    let later = late.advanced(by: .seconds(1))
    _ = agenda.handle([.changed(folder, .near)], at: later)
    #expect(agenda.handle([.passEnded(other, failed: true)], at: later).first == .pass([folder]))
    _ = agenda.begin(folder)
    let last = later.advanced(by: .seconds(1))
    _ = agenda.handle([.passEnded(folder, failed: false)], at: later)
    #expect(agenda.handle([.changed(other, .near), .changed(folder, .near)], at: last).first == .pass([folder]))
    var remote = Agenda()
    _ = remote.handle([.changed(other, .far)], at: start)
    _ = remote.begin(other)
    #expect(remote.handle([.changed(folder, .near)], at: start) == [.pass([folder])])
  }

  @Test("what waits for a folder that is one no more goes on")
  func companyGone() {
    var agenda = Agenda()
    _ = agenda.handle([.changed(other, .near)], at: start)
    _ = agenda.begin(other)
    _ = agenda.handle([.changed(folder, .near)], at: start)
    agenda.keepOnly([folder])
    #expect(agenda.handle([.tick], at: start) == [.pass([folder])])
  }
}

extension [Agenda.Effect] {
  fileprivate var isPass: Bool { contains { if case .pass = $0 { true } else { false } } }
}
