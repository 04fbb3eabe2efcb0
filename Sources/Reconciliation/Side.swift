/// One of the two stores that an account keeps equal. `near` is the configuration's `local`, `far` its `remote`.
package enum Side: Hashable, Sendable, CaseIterable {
  case near, far

  package var other: Side { self == .near ? .far : .near }
}

extension Side: CustomStringConvertible {
  package var description: String { self == .near ? "local" : "remote" }
}

/// Two values of one kind, one for each side.
package struct Sides<Value> {
  package var near: Value
  package var far: Value

  package init(near: Value, far: Value) {
    self.near = near
    self.far = far
  }

  package subscript(side: Side) -> Value {
    get { side == .near ? near : far }
    set { if side == .near { near = newValue } else { far = newValue } }
  }
}

extension Sides: Sendable where Value: Sendable {}
extension Sides: Equatable where Value: Equatable {}
extension Sides: Hashable where Value: Hashable {}
