// swift-tools-version: 6.2
import PackageDescription

/// `make fuzz` alone: our code tells libFuzzer where it has been.
let fuzzes = Context.environment["MARTLET_FUZZ"] != nil

/// Every target of ours: Swift 6 mode, strict memory safety, warnings as errors.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .unsafeFlags(fuzzes ? ["-sanitize=fuzzer"] : []),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let toml = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
  name: "martlet",
  products: [.executable(name: "martlet", targets: ["martlet"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // The C libraries, and the few calls that Swift cannot import as they are.
    .systemLibrary(
      name: "CLibevent", pkgConfig: "libevent_core", providers: [.apt(["libevent-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .target(name: "CLinux"),

    // Pure rooms: no I/O, no clock.
    room("Mail"),
    room("Digests", ["Mail", "COpenSSL"]),
    room("Reconciliation", ["Mail"]),
    room("IMAP", ["Mail"]),

    // The outside world as protocols, and what stands on them.
    room("Ports", ["Mail", "Reconciliation"]),
    room("Maildir", ["Mail", "Digests", "Ports", "Reconciliation"]),
    room("Engine", ["Mail", "Digests", "Reconciliation", "IMAP", "Ports"]),

    // Adapters: each knows the ports, none knows another.
    room("Reactor", ["Ports", "CLibevent", "CLinux"]),
    room("Transport", ["Reactor", "Ports", "Mail", "COpenSSL", "CLinux"]),
    room("Confinement", ["Reactor", "Ports", "Mail", "CLinux"]),
    room("Disk", ["Reactor", "Ports", "Mail", "CLinux"]),
    room("LedgerSQLite", ["Ports", "Reconciliation", "Mail", "CLinux", grdb, sqlite]),
    room("Configuration", ["Mail", toml]),
    room("Control", ["Ports", "Mail"]),

    .executableTarget(
      name: "martlet",
      dependencies: [
        "Mail", "Digests", "Reconciliation", "IMAP", "Ports", "Maildir", "Engine", "Reactor", "Transport",
        "Disk", "LedgerSQLite", "Configuration", "Control", "Confinement", "CLinux", arguments, logging,
      ],
      swiftSettings: strict),

    tests("LedgerTests", ["Support", "LedgerSQLite", "Reactor", "Ports", "Reconciliation", "Mail", grdb]),
    tests("ConfigurationTests", ["Support", "Configuration", "Mail"]),
    tests("MailTests", ["Support", "Mail"]),
    tests("MaildirTests", ["Maildir", "Disk", "Reactor", "Ports", "Mail", "Digests", "Reconciliation"]),
    tests("DiskTests", ["Disk", "Reactor", "Ports", "Mail"]),
    .target(name: "Support", dependencies: ["Mail"], path: "Tests/Support", swiftSettings: strict),
    tests("SupportTests", ["Support", "Mail"]),
    .executableTarget(
      name: "martlet-demo", dependencies: ["Support", "Mail"], path: "Tests/Demo", swiftSettings: strict),
    tests("ConfinementTests", ["Support", "Confinement", "Reactor", "Ports", "CLinux"]),
    .executableTarget(
      name: "martlet-soak", dependencies: ["Support", "Control", "Mail"], path: "Tests/Soak", swiftSettings: strict),
    tests("ReactorTests", ["Reactor", "Ports", "CLinux"]),
    tests("TransportTests", ["Transport", "Reactor", "Ports", "Mail", "CLinux"]),
    tests("IMAPTests", ["Support", "IMAP", "Mail"], resources: [.copy("Transcripts")]),
    .target(
      name: "Simulation",
      dependencies: [
        "Support", "Engine", "IMAP", "Maildir", "LedgerSQLite", "Digests", "Ports", "Reconciliation", "Mail",
      ],
      path: "Tests/Simulation", swiftSettings: strict),
    tests(
      "SimulationTests",
      [
        "Simulation", "Support", "Engine", "IMAP", "Maildir", "LedgerSQLite", "Digests", "Reactor", "Ports",
        "Reconciliation", "Mail",
      ]),
    .executableTarget(
      name: "martlet-simulate", dependencies: ["Simulation", "Ports", "Support"], path: "Tests/Simulate",
      swiftSettings: strict),
    .target(
      name: "Fuzzing",
      dependencies: [
        "Simulation", "Engine", "IMAP", "Maildir", "Configuration", "Control", "Digests", "Ports", "Reconciliation",
        "Mail",
      ],
      path: "Tests/Fuzzing", swiftSettings: strict),
    tests("FuzzingTests", ["Fuzzing", "Reactor", "Ports"], resources: [.copy("Corpora")]),
    tests("TidyTests", []),
    tests("ReconciliationTests", ["Reconciliation", "Mail"]),
    tests("EngineTests", ["Simulation", "Engine", "IMAP", "Digests", "Reactor", "Ports", "Reconciliation", "Mail"]),
    tests(
      "ServerTests",
      ["Support", "Engine", "Transport", "Reactor", "Digests", "Ports", "Reconciliation", "Mail"]),
    tests("ControlTests", ["Control", "Support", "Transport", "Reactor", "Ports", "Mail"]),
    tests(
      "ProgramTests",
      [
        "martlet", "Support", "Simulation", "Control", "Configuration", "Engine", "Maildir", "Disk", "Reactor", "Ports",
        "Reconciliation", "Mail", "CLinux", arguments, logging,
      ]),
    tests("EndToEndTests", ["Support", "Control", "Mail", "martlet"]),
  ]
)

if fuzzes {
  package.targets += [
    .systemLibrary(name: "CLibFuzzer", path: "Tests/CLibFuzzer"),
    .executableTarget(
      name: "martlet-fuzz", dependencies: ["Fuzzing", "Simulation", "Ports", "CLibFuzzer"], path: "Tests/Fuzz",
      swiftSettings: strict, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
  ]
}
