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
}
