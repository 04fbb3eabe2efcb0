// swift-tools-version: 6.2
import PackageDescription

/// As strict as the product's own targets.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A package of its own, so that the product's graph holds nothing that only measures. Support, Mail and CLinux
/// are symbolic links to the product's folders: the same private servers and nouns, compiled here once more.
let package = Package(
  name: "martlet-benchmarks",
  products: [.executable(name: "bench", targets: ["bench"])],
  targets: [
    .target(name: "CLinux"),
    .target(name: "Mail", swiftSettings: strict),
    .target(name: "Support", dependencies: ["Mail"], swiftSettings: strict),
    .executableTarget(name: "bench", dependencies: ["Support", "Mail", "CLinux"], swiftSettings: strict),
  ]
)
