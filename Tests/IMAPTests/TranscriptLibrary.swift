import Foundation
import Testing

extension Transcript {
  /// Every file in Transcripts, by name.
  static let all: [Transcript] = {
    do {
      let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Transcripts")
      let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      return try files.filter { $0.pathExtension == "imap" }.sorted { $0.path < $1.path }.map { file in
        try Transcript(
          name: file.deletingPathExtension().lastPathComponent, text: String(contentsOf: file, encoding: .utf8))
      }
    } catch {
      Issue.record("the transcripts cannot be read: \(error)")
      return []
    }
  }()
}
