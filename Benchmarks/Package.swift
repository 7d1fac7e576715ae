// swift-tools-version: 6.2
import PackageDescription

/// Kept apart from the product, so that nobody who builds Kiln builds what only measures it.
let package = Package(
    name: "kiln-benchmarks",
    targets: [
        .executableTarget(
            name: "KilnBenchmarks",
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .treatAllWarnings(as: .error),
            ]
        )
    ],
    swiftLanguageModes: [.v6]
)
