package import Ports

/// What happened in a simulated world, in order. Two runs of one seed have equal fingerprints.
@Loop
package final class EventLog {
  /// FNV-1a over every line.
  package private(set) var fingerprint: UInt64 = 0xcbf2_9ce4_8422_2325
  package private(set) var count = 0
  /// The lines themselves, where they are kept.
  package private(set) var lines: [String] = []
  private let keepsLines: Bool

  package init(keepsLines: Bool = false) { self.keepsLines = keepsLines }

  package func note(_ line: String) {
    count += 1
    for byte in line.utf8 { fingerprint = (fingerprint ^ UInt64(byte)) &* 0x100_0000_01b3 }
    fingerprint = (fingerprint ^ 0x0a) &* 0x100_0000_01b3
    if keepsLines { lines.append(line) }
  }
}
