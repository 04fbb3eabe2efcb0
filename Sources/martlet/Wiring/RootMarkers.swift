import Configuration
import Maildir
import Ports
import Reconciliation

/// Remembers in the ledger by which marker each Maildir root of an account is known again (law L8).
@Loop
final class RootMarkers {
  private let ledger: any Ledger
  private let isDryRun: Bool
  private var maildirs: [Side: MaildirStore] = [:]

  init(_ ledger: any Ledger, isDryRun: Bool) {
    self.ledger = ledger
    self.isDryRun = isDryRun
  }

  /// Makes the store of one side; a Maildir's is to be found with the marker that the ledger knows.
  func store(
    _ configuration: StoreConfiguration, _ side: Side, _ stores: StoreAssembly
  ) throws(LedgerError) -> any MailStore {
    switch configuration {
    case .imap(let configuration): return stores.imap(configuration)
    case .maildir(let configuration):
      let store = stores.maildir(
        configuration, expectedMarker: try ledger.fact(Self.fact(side)), isLookedAtOnly: isDryRun)
      maildirs[side] = store
      return store
    }
  }

  /// Writes down what the opened stores found or made. Answers why that failed, for a person.
  func record() -> String? {
    // Also where it cannot be written down.
    for store in maildirs.values { store.rely() }
    do {
      for (side, store) in maildirs {
        guard let marker = store.marker, try ledger.fact(Self.fact(side)) != marker else { continue }
        try ledger.setFact(Self.fact(side), to: marker)
      }
      return nil
    } catch {
      return "the Maildir's marker could not be remembered: \(error.text)"
    }
  }

  static func fact(_ side: Side) -> String { "\(side) root marker" }
}
