package import Ports

/// The file by which an older copy of the root is told from the one that was synced last (laws L1, L8).
extension MaildirStore {
  private static let agePath = ".martlet/age"
  private static let ageLengthMax = 64

  package func age() async throws(StoreError) -> String? {
    do {
      // What is no file of ours tells no age. A disk that fails tells nothing at all.
      guard let status = try root.fileSystem.status(Self.agePath), status.kind == .file,
        status.size <= Self.ageLengthMax
      else { return nil }
      let text = try await SmallFile.read(Self.agePath, sizeMax: Self.ageLengthMax, in: root.fileSystem)
      return text?.split(separator: "\n").first.map(String.init)
    } catch {
      throw root.failure(error)
    }
  }

  package func setAge(_ age: String) async throws(StoreError) {
    do {
      try await SmallFile.write(age + "\n", to: Self.agePath, drafts: MaildirRoot.ownDirectory, by: root)
    } catch {
      // All else can be synced without it (law L11).
      throw root.failure(error, .folder)
    }
  }
}
