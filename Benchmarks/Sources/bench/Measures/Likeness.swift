import Foundation
import Mail
import Support

/// How alike a program promises to keep a server and a Maildir.
enum Likeness: Sendable {
  /// Bytes, flags, keywords and dates, but for what is named.
  case exact(but: Comparison.Aspects)
  /// Bytes but for header lines that the program adds itself, and flags, but no keywords or dates.
  case mail

  /// What differs between the two, in words; nil where nothing does.
  func difference(between client: MailClient, and root: String) async throws -> String? {
    switch self {
    case .exact(let aspects):
      let comparison = try await Comparison(client, root, ignoring: aspects)
      return comparison.isEqual ? nil : comparison.description
    case .mail:
      return try Self.difference(server: await client.tree(), maildir: MaildirTree(reading: root))
    }
  }

  private static func difference(
    server: [FolderName: [MailClient.Message]], maildir: MaildirTree
  ) throws -> String? {
    var lines: [String] = []
    for folder in Set(server.keys).union(maildir.folders.keys).sorted() {
      var counts: [Letter: Int] = [:]
      for message in server[folder] ?? [] {
        counts[Letter(message.bytes.lineFeedForm, message.flags), default: 0] += 1
      }
      for entry in maildir[folder] { counts[Letter(try entry.bytes(), entry.flags), default: 0] -= 1 }
      lines += counts.filter { $0.value != 0 }.map { letter, count in
        "\(folder): \(letter.title): \(abs(count)) only \(count > 0 ? "on the server" : "in the Maildir")"
      }.sorted()
    }
    return lines.isEmpty ? nil : lines.prefix(20).joined(separator: "\n")
  }

  /// A message as far as it is compared.
  private struct Letter: Hashable {
    let header: [ArraySlice<UInt8>]
    let body: ArraySlice<UInt8>
    let flags: SystemFlags

    /// mbsync finds its own uploads and downloads again by this line, and leaves it there.
    private static let added = Array("X-TUID: ".utf8)

    init(_ bytes: [UInt8], _ flags: FlagSet) {
      self.flags = flags.system
      let end = bytes.indices.first { bytes[$0] == 0x0A && (bytes.count == $0 + 1 || bytes[$0 + 1] == 0x0A) }
      header = bytes[..<(end ?? bytes.endIndex)].split(separator: 0x0A).filter { !$0.starts(with: Self.added) }
      body = bytes[(end ?? bytes.endIndex)...]
    }

    var title: String {
      "\(MessageHead.messageID(in: header.joined(separator: [0x0A])) ?? "no Message-ID") (\(FlagSet(flags)))"
    }
  }
}
