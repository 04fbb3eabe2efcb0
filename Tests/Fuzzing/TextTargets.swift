import Configuration
import Control
import Digests
import Mail

extension FuzzTarget {
  /// A configuration file. It is read, or each error has a line of the file and is fit for a terminal; what is read
  /// names each folder once on either side.
  static let configuration = FuzzTarget("configuration", lengthMax: 2 << 10) { input, _ in
    guard let text = String(validating: input, as: UTF8.self), !input.contains(0) else { return }
    let configuration: Configuration
    do throws(ConfigurationErrors) {
      configuration = try Configuration.parse(text, file: "/nowhere/config.toml", home: "/nowhere")
    } catch {
      let lineCount = text.utf8.count { $0 == 0x0A } + 1
      for error in error.errors {
        try demand(error.line.map { (1...lineCount).contains($0) } ?? true, "no line of the file: \(error)")
        for line in error.description.split(separator: "\n") { try checkPrintable(String(line)) }
      }
      return
    }
    let names = configuration.accounts.map(\.name)
    try demand(!names.isEmpty && Set(names).count == names.count, "accounts without names of their own: \(names)")
    for account in configuration.accounts { try checkRules(account.folders) }
  }

  private static func checkRules(_ rules: FolderRules) throws(Broken) {
    let remote = Set(
      ["INBOX", "Sent", "[Gmail]/Sent Mail", "[Gmail]/Work", "Work", "a/b/c"].compactMap { FolderName($0) })
    var owners: [FolderName: FolderName] = [:]
    for name in remote {
      _ = rules.verdict(remote: name, among: remote)
      guard let local = rules.localName(forRemote: name, among: remote) else { continue }
      try demand(owners.updateValue(name, forKey: local) == nil, "\(local) stands for two folders")
      let back = rules.remoteName(forLocal: local, among: remote)
      try demand(back == name, "\(name) is \(local), which is \(back.map { "\($0)" } ?? "nothing")")
    }
  }

  /// What a caller says on the control socket. Lines are the same however they are cut, and a request that is
  /// understood is understood again when it is written.
  static let control = FuzzTarget("control", lengthMax: 4 << 10) { input, _ in
    let whole = lines(of: input, pieceMax: .max)
    try demand(lines(of: input, pieceMax: 1) == whole, "cut octet by octet, the lines are others")
    for line in whole {
      guard let request = value(ControlRequest.self, from: line) else { continue }
      let written = try ControlWire.line(request).dropLast()
      try demand(value(ControlRequest.self, from: Array(written)) == request, "written and read again, it is another")
    }
    for line in whole {
      guard let reply = value(ControlReply.self, from: line) else { continue }
      let written = try ControlWire.line(reply).dropLast()
      try demand(value(ControlReply.self, from: Array(written)) == reply, "written and read again, it is another")
    }
  }

  /// Lines up to the first that is too long, which comes as nil.
  private static func lines(of input: [UInt8], pieceMax: Int) -> [[UInt8]?] {
    var splitter = LineSplitter(limit: 1000)
    var lines: [[UInt8]?] = []
    var rest = input[...]
    while !rest.isEmpty {
      splitter.append(Array(rest.prefix(pieceMax)))
      rest = rest.dropFirst(pieceMax)
      do {
        while let line = try splitter.next() { lines.append(line) }
      } catch {
        return lines + [nil]
      }
    }
    return lines
  }

  private static func value<Value: Decodable>(_ type: Value.Type, from line: [UInt8]?) -> Value? {
    guard let line else { return nil }
    do { return try ControlWire.value(type, from: line) } catch { return nil }
  }

  /// A message's octets. Its identity is the same however they are cut, and for CRLF and LF (law L3).
  static let message = FuzzTarget("message", lengthMax: 4 << 10) { input, _ in
    for source in [MessageDigester.Source.wire, .file] {
      let whole = identity(of: input, source, pieceMax: .max)
      for pieceMax in [1, 7] {
        try demand(identity(of: input, source, pieceMax: pieceMax) == whole, "cut, it is another message")
      }
      try demand((whole.messageID?.utf8.count ?? 0) <= 512, "a Message-ID without bounds")
    }
    guard !input.contains(0x0D) else { return }
    let wire = input.flatMap { $0 == 0x0A ? [0x0D, $0] : [$0] }
    let (near, far) = (identity(of: input, .file, pieceMax: 5), identity(of: wire, .wire, pieceMax: 5))
    try demand(near.digest == far.digest && near.messageID == far.messageID, "by its line ends, it is another message")
  }

  private static func identity(
    of octets: [UInt8], _ source: MessageDigester.Source, pieceMax: Int
  ) -> MessageIdentity {
    let digester = MessageDigester(of: source)
    var rest = octets[...]
    while !rest.isEmpty {
      digester.update(Array(rest.prefix(pieceMax)))
      rest = rest.dropFirst(pieceMax)
    }
    return digester.finish()
  }
}
