// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]
/// As the product is built.
let productSettings =
    settings + [
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("InferIsolatedConformances"),
    ]

/// Kept apart from the product, so that nobody who builds Kiln builds what only measures it. The planner, its
/// simulator and the harness of fleets are links to the product's own.
let package = Package(
    name: "kiln-benchmarks",
    targets: [
        .target(name: "BenchmarkCommands", swiftSettings: settings),
        .executableTarget(
            name: "KilnBenchmarks",
            dependencies: ["BenchmarkCommands"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "DeployUnderLoad",
            dependencies: ["BenchmarkCommands", "FleetHarness"],
            swiftSettings: settings
        ),
        .target(name: "FleetHarness", swiftSettings: productSettings),
        .executableTarget(
            name: "FleetNumbers",
            dependencies: ["BenchmarkCommands", "FleetHarness"],
            swiftSettings: productSettings
        ),
        .target(name: "KilnRollout", swiftSettings: productSettings),
        .target(name: "KilnRolloutSimulation", dependencies: ["KilnRollout"], swiftSettings: productSettings),
        .executableTarget(
            name: "RolloutTraces",
            dependencies: ["KilnRolloutSimulation"],
            swiftSettings: productSettings
        ),
    ],
    swiftLanguageModes: [.v6]
)
