import Control
import Foundation
import Testing

/// docs/man/martlet.1 is what people's scripts hold on to.
@Suite("The manual's section on JSON")
struct ManualTests {
  @Test("names each key of a status, of a sync's report and of the doctor's")
  func keys() throws {
    var named = try words(under: "The status")
    try expect(named, toHaveAllOf: Sample.status)
    #expect(named.isSuperset(of: AccountStatus.State.allCases.map(\.rawValue)))
    named.formUnion(try words(under: "The report of a sync"))
    try expect(named, toHaveAllOf: Sample.report())
    named.formUnion(try words(under: "The report of the doctor"))
    try expect(named, toHaveAllOf: Sample.checkup)
  }

  /// What stands there as `.Dq word`, or between `Do` and `Dc`.
  private func words(under title: String) throws -> Set<String> {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let manual = try String(contentsOf: root.appending(path: "docs/man/martlet.1"), encoding: .utf8)
    let start = try #require(manual.range(of: "\n.Ss \(title)\n"))
    let section = manual[start.upperBound...]
    let end = section.range(of: "\n.S")?.lowerBound ?? section.endIndex
    return Set(section[..<end].matches(of: /D[qo] ([a-z_-]+)/).map { String($0.output.1) })
  }

  private func expect(_ named: Set<String>, toHaveAllOf value: some Encodable) throws {
    #expect(Self.gaps(in: value, "") == [], "the sample has to have all that there can be")
    let object = try JSONSerialization.jsonObject(with: Data(ControlWire.printed(value).utf8))
    #expect(Self.keys(object).subtracting(named) == [])
  }

  private static func keys(_ value: Any) -> Set<String> {
    switch value {
    case let object as [String: Any]: object.values.reduce(into: Set(object.keys)) { $0.formUnion(keys($1)) }
    case let list as [Any]: list.reduce(into: []) { $0.formUnion(keys($1)) }
    default: []
    }
  }

  /// Fields without a value, and lists without an element: what is below them would not be looked at.
  private static func gaps(in value: Any, _ path: String) -> [String] {
    let mirror = Mirror(reflecting: value)
    if mirror.children.isEmpty {
      return mirror.displayStyle == .optional || mirror.displayStyle == .collection ? [path] : []
    }
    return mirror.children.flatMap { gaps(in: $0.value, path + "/" + ($0.label ?? "")) }
  }
}
