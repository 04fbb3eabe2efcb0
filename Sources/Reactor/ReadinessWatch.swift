import CLibevent
package import Ports

/// Tells on the loop when a descriptor can be read or written.
///
/// Without `.edge` it tells again and again while the condition lasts, so the handler must take what is there, or
/// `stop()`. With `.edge` it tells when something changed; the handler's side then goes on until EAGAIN. The watch does
/// not own the descriptor and must be stopped or gone before that is closed.
@Loop
@safe
package final class ReadinessWatch {
  package struct Conditions: OptionSet, Sendable {
    package let rawValue: Int16
    package init(rawValue: Int16) { self.rawValue = rawValue }

    package static let readable = Conditions(rawValue: Int16(EV_READ))
    package static let writable = Conditions(rawValue: Int16(EV_WRITE))
    package static let edge = Conditions(rawValue: Int16(EV_ET))
  }

  /// Freed in deinit; its argument is the retained target.
  private let event: OpaquePointer
  private let target: CallbackTarget<Conditions>
  package private(set) var isActive = false

  package init(
    _ reactor: Reactor, descriptor: Int32, for conditions: Conditions,
    onReady: @escaping @Loop (Conditions) -> Void
  ) {
    target = CallbackTarget(onReady)
    let event = unsafe event_new(
      reactor.base, descriptor, conditions.rawValue | Int16(EV_PERSIST),
      { @Sendable _, what, argument in
        unsafe CallbackTarget<Conditions>.fire(argument, Conditions(rawValue: what))
      }, Unmanaged.passUnretained(target).toOpaque())
    guard let event = unsafe event else { preconditionFailure("out of memory for an event") }
    unsafe self.event = event
  }

  isolated deinit {
    // Before the target goes: from here on libevent does not call it any more.
    unsafe event_free(event)
  }

  package func start() {
    guard !isActive else { return }
    let result = unsafe event_add(event, nil)
    precondition(result == 0, "the descriptor cannot be watched")
    isActive = true
  }

  package func stop() {
    guard isActive else { return }
    unsafe event_del(event)
    isActive = false
  }
}

/// What a libevent callback calls. The event's owner holds it, and outlives the event.
@Loop
final class CallbackTarget<Argument: Sendable> {
  private let handler: @Loop (Argument) -> Void
  init(_ handler: @escaping @Loop (Argument) -> Void) { self.handler = handler }

  nonisolated static func fire(_ target: UnsafeMutableRawPointer?, _ argument: Argument) {
    guard let target = unsafe target else { return }
    let this = unsafe Unmanaged<CallbackTarget<Argument>>.fromOpaque(target).takeUnretainedValue()
    Loop.assumeIsolated { this.handler(argument) }
  }
}
