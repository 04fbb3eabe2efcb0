import Configuration
import Engine
import Glibc
import Mail
import Maildir
import Ports
import Reconciliation

/// Looks at both sides of an account and changes nothing: for `check` and `folders`.
@Loop
final class AccountSurvey {
  let configuration: AccountConfiguration
  private let program: ProgramContext
  let stores: Sides<any MailStore>
  /// True where the local root is not there.
  var isMissing: Bool {
    if case .maildir(let maildir) = configuration.near { unsafe access(maildir.path, F_OK) != 0 } else { false }
  }

  init(_ configuration: AccountConfiguration, _ program: ProgramContext) {
    self.configuration = configuration
    self.program = program
    let assembly = StoreAssembly(configuration, program)
    func store(_ configuration: StoreConfiguration) -> any MailStore {
      switch configuration {
      case .imap(let configuration): assembly.imap(configuration)
      case .maildir(let configuration): assembly.maildir(configuration, expectedMarker: nil, isLookedAtOnly: true)
      }
    }
    stores = Sides(near: store(configuration.near), far: store(configuration.far))
  }

  /// Every folder of either side, with what becomes of it.
  func folders() async throws(StoreError) -> [SurveyedFolder] {
    if let refusal = RootPlace.refusal(for: configuration, program) {
      throw StoreError(.account, .needsPerson, refusal)
    }
    let (near, far) = (try await list(.near), try await list(.far))
    return FolderSurvey(
      rules: configuration.folders, unmappable: { [stores] in (stores.near as? MaildirStore)?.unmappableReason($0) }
    ).survey(
      near: near.names(where: \.holdsMessages), far: far.names(where: \.holdsMessages),
      parents: far.names { !$0.holdsMessages })
  }

  /// What `folders()` answered, with what lies beside it.
  func table(of folders: [SurveyedFolder]) -> [String] {
    let (directories, unusable) = leftOut
    return FolderColumns.lines(folders, leftOut: directories, unusable: unusable)
  }

  /// Local directories that are no folders although they might be meant so, and why, those apart that have a folder's
  /// name; known after `folders()`.
  private var leftOut: (directories: [String: String], folders: [FolderName: String]) {
    guard case .maildir(let maildir) = configuration.near, let store = stores.near as? MaildirStore else {
      return ([:], [:])
    }
    var result: (directories: [String: String], folders: [FolderName: String]) = ([:], [:])
    for (directory, reason) in store.leftOut.merging(store.notFollowed, uniquingKeysWith: { reason, _ in reason }) {
      do throws(MaildirLayout.Unmappable) {
        result.folders[try MaildirLayout(maildir.layout).folder(at: directory)] = reason
      } catch {
        // Then it can be no folder's, and stands for itself.
        result.directories[directory] = reason
      }
    }
    return result
  }

  func close() async {
    await stores.far.close()
    await stores.near.close()
  }

  private func list(_ side: Side) async throws(StoreError) -> [FolderEntry] {
    let store = stores[side]
    try await store.open()
    return try await store.folders()
  }
}

extension [FolderEntry] {
  fileprivate func names(where isMeant: (FolderEntry) -> Bool) -> Set<FolderName> { Set(filter(isMeant).map(\.name)) }
}
