import IMAP
import Mail
import Ports

/// The connections to one server, within a budget that the server may lower.
@Loop
final class ConnectionPool {
  static let firstNumber = 1

  typealias Connect = @Loop (_ number: Int) async throws(LoginFailure) -> PooledConnection

  private(set) var members: [PooledConnection] = []
  private(set) var budget: Int
  private let budgetMax: Int
  /// When the server last said that it takes no more.
  private var refusedAt: LoopInstant?
  /// Called when a connection is given back, with what it heard.
  var returned: (PooledConnection) -> Void = { _ in }
  private let clock: any LoopClock
  private let timing: IMAPTiming
  private let connect: Connect
  private var opening = 0
  private var nextNumber = firstNumber
  private var change = Pledge<Void>()
  private var closed: StoreError?

  init(budget: Int, clock: any LoopClock, timing: IMAPTiming, connect: @escaping Connect) {
    self.budget = budget
    budgetMax = budget
    self.clock = clock
    self.timing = timing
    self.connect = connect
  }

  // MARK: Leasing

  /// A connection for the caller alone, until `release`.
  func lease(for mailbox: MailboxName?, _ weight: WorkWeight) async throws(StoreError) -> PooledConnection {
    while true {
      if let closed { throw closed }
      recoverBudget()
      switch choice(for: mailbox, weight) {
      case .take(let index):
        let member = members[index]
        take(member, weight)
        if try await isAlive(member) { return member }
        drop(member)
      case .open:
        if let member = try await open(weight) { return member }
      case .wait:
        try await change.wait()
      }
    }
  }

  /// That one and no other, once it is free.
  func lease(_ member: PooledConnection) async throws(StoreError) {
    while member.isLeased {
      if let closed { throw closed }
      try await change.wait()
    }
    take(member, .light)
  }

  func release(_ member: PooledConnection) {
    member.isLeased = false
    member.isUploading = false
    member.lastUsed = clock.now
    if member.isOpen, member.connection.hasUnanswered {
      // What was left in the middle would be taken for the next one's.
      member.connection.fail(
        StoreError(.account, .cancelled, "\(member.connection.title): a command was given up"))
    }
    if member.isOpen {
      returned(member)
      if member.connection.isOutdated { end(outdated: member) } else { member.idle(after: timing.idleLinger) }
    } else {
      remove(member)
    }
    tell()
  }

  /// A connection that is to watch, beyond the leases; nil where the budget or the server has no room.
  func leaseWatcher(for mailbox: MailboxName) async throws(StoreError) -> PooledConnection? {
    if let member = members.first(where: { !$0.isLeased && $0.watched == nil && $0.connection.mailbox?.name == mailbox }
    )
      ?? members.first(where: { !$0.isLeased && $0.watched == nil })
    {
      take(member, .light)
      if try await isAlive(member) { return member }
      drop(member)
    }
    guard members.count + opening < budget else { return nil }
    return try await open(.light)
  }

  private func choice(for mailbox: MailboxName?, _ weight: WorkWeight) -> LeaseChoice {
    LeaseChoice.choose(
      for: mailbox, weight,
      among: members.map {
        LeaseChoice.Member(
          selected: $0.connection.mailbox?.name, isWatcher: $0.watched != nil, isLeased: $0.isLeased,
          isUploading: $0.isUploading)
      }, opening: opening, budget: budget)
  }

  /// A server may have been short of connections for a moment only: after a while one more is tried.
  private func recoverBudget() {
    guard budget < budgetMax, let refusedAt, refusedAt.duration(to: clock.now) >= timing.limitRetry else { return }
    budget += 1
    self.refusedAt = clock.now
  }

  private func take(_ member: PooledConnection, _ weight: WorkWeight) {
    member.isLeased = true
    member.isUploading = weight == .upload
    member.stopIdling()
  }

  /// False where a connection that lay unused turns out to be dead.
  private func isAlive(_ member: PooledConnection) async throws(StoreError) -> Bool {
    guard member.isOpen else { return false }
    let silence = member.connection.lastSign.duration(to: clock.now)
    guard member.watched == nil, silence >= timing.staleAfter else { return true }
    do throws(StoreError) {
      return try await member.connection.probe(within: timing.probe)
    } catch {
      guard member.isOpen else { return false }
      release(member)
      throw error
    }
  }

  /// Nil where the server takes no more connections: then we make do with what there is.
  private func open(_ weight: WorkWeight) async throws(StoreError) -> PooledConnection? {
    opening += 1
    defer {
      opening -= 1
      tell()
    }
    let number = nextNumber
    nextNumber += 1
    let member: PooledConnection
    do throws(LoginFailure) {
      member = try await connect(number)
    } catch {
      if let closed { throw closed }
      let working = members.count { $0.isOpen }
      guard error.isLimit, working > 0 else { throw error.error }
      budget = working
      refusedAt = clock.now
      return nil
    }
    if let closed {
      member.connection.close()
      throw closed
    }
    members.append(member)
    take(member, weight)
    return member
  }

  // MARK: Ending

  /// A connection ended by itself.
  func ended(_ member: PooledConnection) {
    if !member.isLeased { remove(member) }
    tell()
  }

  /// Whoever comes next gets a new one. Of a watcher's end its owner hears, as of any.
  private func end(outdated member: PooledConnection) {
    guard member.watched != nil else { return retire(member) }
    member.connection.fail(
      StoreError(.account, .unavailable, "\(member.connection.title): the server has lost sight of its mailboxes"))
  }

  /// Lets go of a free connection.
  func retire(_ member: PooledConnection) {
    member.unwatch()
    remove(member)
    Loop.task { await member.connection.logout() }
    tell()
  }

  /// Connections beyond the one for work that nobody has used for a while.
  func trim() {
    let spare = members.filter { $0.watched == nil && !$0.isLeased }.dropFirst()
    for member in spare where member.lastUsed.duration(to: clock.now) >= timing.staleAfter { retire(member) }
  }

  func close(_ reason: StoreError) async {
    closed = reason
    let all = members
    members.removeAll()
    tell()
    await withTaskGroup(of: Void.self) { group in
      for member in all {
        member.unwatch()
        if member.isLeased {
          member.connection.fail(reason)
        } else {
          group.addTask { await member.connection.logout() }
        }
      }
    }
  }

  private func drop(_ member: PooledConnection) {
    member.isLeased = false
    remove(member)
  }

  private func remove(_ member: PooledConnection) {
    members.removeAll { $0 === member }
  }

  /// Whoever waits looks again.
  private func tell() {
    let told = change
    change = Pledge()
    told.settle(())
  }
}
