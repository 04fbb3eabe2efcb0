import Mail
import Ports
import Reconciliation

/// A message on its way from one side to the other, with what is known of it.
struct Parcel {
  let arrival: Arrival
  /// Nil for a remote message: known once it has been transferred.
  let identity: MessageIdentity?
  let date: InternalDate?

  /// In wire form, where it is known.
  var octets: Int? { identity?.wireSize ?? arrival.observation.traits?.wireSize }

  func marked(_ flags: FlagSet) -> Parcel {
    let observation = Observation(flags: flags, traits: arrival.observation.traits)
    return Parcel(arrival: Arrival(key: arrival.key, observation: observation), identity: identity, date: date)
  }
}
