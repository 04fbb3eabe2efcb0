package import Mail

extension SimulatedStore {
  /// All that a person sees, without numbers or names.
  package func contents(of folder: FolderName = .inbox) -> [SimulatedMessage] {
    (folders[folder]?.messages.values.map { $0 } ?? []).sorted {
      ($0.text, $0.flags.description) < ($1.text, $1.flags.description)
    }
  }

  package func key(of text: String, in folder: FolderName = .inbox) -> MessageKey? {
    folders[folder]?.messages.filter { $0.value.text == text }.keys.min()
  }

  /// Somebody else expunges all there is.
  package func empty(_ folder: FolderName) {
    for key in (folders[folder]?.messages.keys).map(Array.init) ?? [] { remove(key, in: folder) }
  }
}
