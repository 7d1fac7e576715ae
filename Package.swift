// swift-tools-version: 6.2
import PackageDescription

/// The house: `Sources/<Group>/<Target>`. A target imports from groups above its own, and from siblings before it. `Tests/HouseTests` holds these lists against what is really imported.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

extension Target.Dependency {
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
    static let collections = product(name: "OrderedCollections", package: "swift-collections")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird = product(name: "HummingbirdCore", package: "hummingbird")
    static let logging = product(name: "Logging", package: "swift-log")
    static let nio = product(name: "NIOCore", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
    static let system = product(name: "SystemPackage", package: "swift-system")
    static let yams = product(name: "Yams", package: "Yams")
}

func room(_ name: String, in group: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        path: "Sources/\(group)/\(name)",
        swiftSettings: settings
    )
}

func tests(_ name: String, _ dependencies: [Target.Dependency], excluding: [String] = []) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies,
        path: "Tests/\(name)",
        exclude: ["Golden"] + excluding,
        swiftSettings: settings
    )
}

let package = Package(
    name: "kiln",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "kiln", targets: ["kiln"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2"),
    ],
    targets: [
        // Foundation
        .systemLibrary(name: "CLinux", path: "Sources/Foundation/CLinux"),
        room("KilnDiagnostics", in: "Foundation", []),
        room("KilnSystem", in: "Foundation", ["KilnDiagnostics", .subprocess, .system]),
        // Image
        .systemLibrary(
            name: "CZstd",
            path: "Sources/Image/CZstd",
            pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"])]
        ),
        .systemLibrary(
            name: "CZlib",
            path: "Sources/Image/CZlib",
            pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"])]
        ),
        .systemLibrary(
            name: "CLzma",
            path: "Sources/Image/CLzma",
            pkgConfig: "liblzma",
            providers: [.apt(["liblzma-dev"])]
        ),
        .systemLibrary(
            name: "CDeflate",
            path: "Sources/Image/CDeflate",
            providers: [.apt(["libdeflate-dev"])]
        ),
        room("KilnOCI", in: "Image", ["KilnDiagnostics", .crypto]),
        room(
            "KilnArchive",
            in: "Image",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "CLinux", "CZstd", "CZlib", "CDeflate", "CLzma",
                .system,
            ]
        ),
        room("KilnStore", in: "Image", ["KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", .system]),
        // Distribution
        room(
            "KilnRegistry",
            in: "Distribution",
            ["KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore", .system]
        ),
        // Definition
        room(
            "KilnDefinition",
            in: "Definition",
            ["KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnRegistry", .collections, .system, .yams]
        ),
        room("KilnHCL", in: "Definition", ["KilnDiagnostics", .crypto, .yams]),
        room("KilnDockerfile", in: "Definition", []),
        // Bake
        room(
            "KilnLock",
            in: "Bake",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnStore", "KilnRegistry", "KilnDefinition",
                .collections, .system,
            ]
        ),
        room(
            "KilnBake",
            in: "Bake",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore", "KilnRegistry",
                "KilnDefinition",
                "KilnLock",
                .collections, .system,
            ]
        ),
        // Assurance
        room(
            "KilnAdvisories",
            in: "Assurance",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore", "KilnRegistry",
                .system,
            ]
        ),
        room(
            "KilnInventory",
            in: "Assurance",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore", "KilnAdvisories",
                .system,
            ]
        ),
        room("KilnSBOM", in: "Assurance", ["KilnOCI", "KilnAdvisories", "KilnInventory"]),
        room("KilnSecrets", in: "Assurance", ["KilnOCI", "KilnAdvisories"]),
        room(
            "KilnAdopt",
            in: "Assurance",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnInventory", "KilnSecrets",
                .crypto, .system,
            ]
        ),
        room(
            "KilnLint",
            in: "Assurance",
            ["KilnDiagnostics", "KilnOCI", "KilnHCL", "KilnDockerfile", "KilnAdvisories"]
        ),
        room(
            "KilnAttest",
            in: "Assurance",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnStore", "KilnRegistry", "KilnDefinition",
                "KilnLock", "KilnBake", "KilnAdvisories", .asn1, .collections, .crypto, .cryptoExtras,
                .system,
            ]
        ),
        room(
            "KilnGate",
            in: "Assurance",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore", "KilnDefinition",
                "KilnAdvisories", "KilnInventory", "KilnSecrets", .system,
            ]
        ),
        // Fleet
        room("KilnRollout", in: "Fleet", ["KilnDiagnostics"]),
        room(
            "KilnFleet",
            in: "Fleet",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore", "KilnRegistry",
                "KilnDefinition", "KilnRollout",
                .collections,
                .system,
            ]
        ),
        room(
            "KilnDrift",
            in: "Fleet",
            ["KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnDefinition", "KilnFleet", .system]
        ),
        room(
            "KilnPlatformLocal",
            in: "Fleet",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore", "KilnDefinition",
                "KilnFleet", "KilnDrift", "CLinux",
                .collections, .system,
            ]
        ),
        // Service
        room(
            "KilnCatalog",
            in: "Service",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore", "KilnDefinition",
                "KilnGate", "KilnRollout",
                "KilnFleet", .crypto, .grdb, .system,
            ]
        ),
        room(
            "KilnControl",
            in: "Service",
            [
                "KilnDiagnostics", "KilnSystem", "KilnStore", "KilnDefinition", "KilnRollout", "KilnFleet",
                "KilnDrift", .system,
            ]
        ),
        room(
            "KilnAPI",
            in: "Service",
            ["KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnDefinition", "KilnFleet", .system]
        ),
        room(
            "KilnServer",
            in: "Service",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnStore", "KilnDefinition", "KilnRollout",
                "KilnFleet", "KilnDrift", "KilnCatalog", "KilnControl", "KilnAPI",
                .crypto, .httpTypes, .hummingbird, .logging, .nio, .nioPosix, .system,
            ]
        ),
        // Faces
        room(
            "KilnCommands",
            in: "Faces",
            [
                "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore", "KilnRegistry",
                "KilnDefinition",
                "KilnLock",
                "KilnBake", "KilnAdvisories", "KilnInventory", "KilnSBOM", "KilnSecrets", "KilnAdopt",
                "KilnGate",
                "KilnLint", "KilnAttest", "KilnRollout", "KilnFleet", "KilnDrift", "KilnPlatformLocal",
                "KilnCatalog", "KilnControl", "KilnAPI", "KilnServer",
                .argumentParser, .collections, .system,
            ]
        ),
        .executableTarget(
            name: "kiln",
            dependencies: ["KilnCommands", "KilnDiagnostics"],
            path: "Sources/Faces/kiln",
            swiftSettings: settings
        ),
        // Tests
        .target(
            name: "KilnTestSupport",
            dependencies: ["KilnDiagnostics", "KilnSystem", .system],
            path: "Tests/KilnTestSupport",
            swiftSettings: settings
        ),
        tests(
            "HouseTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnDefinition", "KilnServer",
                "KilnCommands",
                .argumentParser,
                .collections, .system,
            ]
        ),
        tests("KilnDiagnosticsTests", ["KilnDiagnostics"]),
        tests("KilnSystemTests", ["KilnTestSupport", "KilnDiagnostics", "KilnSystem", .system]),
        tests(
            "KilnArchiveTests",
            ["KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", .system]
        ),
        tests(
            "KilnStoreTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore",
                .system,
            ]
        ),
        tests(
            "KilnRegistryTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore",
                "KilnRegistry", .system,
            ]
        ),
        tests(
            "KilnDefinitionTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnRegistry",
                "KilnDefinition", .collections, .system,
            ]
        ),
        tests("KilnHCLTests", ["KilnDiagnostics", "KilnHCL"]),
        tests("KilnDockerfileTests", ["KilnDockerfile"]),
        tests(
            "KilnLockTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnStore", "KilnRegistry",
                "KilnDefinition",
                "KilnLock",
                .collections, .system,
            ]
        ),
        tests(
            "KilnBakeTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore",
                "KilnRegistry", "KilnDefinition", "KilnLock", "KilnBake", .collections, .system,
            ]
        ),
        tests(
            "KilnAdvisoriesTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive",
                "KilnRegistry", "KilnAdvisories", .system,
            ],
            excluding: ["Fixtures"]
        ),
        tests(
            "KilnInventoryTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore",
                "KilnAdvisories", "KilnInventory", "KilnSBOM", .system,
            ],
            excluding: ["Fixtures"]
        ),
        tests(
            "KilnGateTests",
            [
                "KilnTestSupport", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore", "KilnDefinition",
                "KilnAdvisories",
                "KilnInventory",
                "KilnSecrets", "KilnGate", "KilnFleet", "KilnCatalog", .system,
            ]
        ),
        tests(
            "KilnAdoptTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnArchive", "KilnDefinition",
                "KilnInventory", "KilnSecrets", "KilnAdopt", .collections, .system,
            ]
        ),
        tests("KilnSecretsTests", ["KilnTestSupport", "KilnSystem", "KilnSecrets", .system]),
        tests(
            "KilnLintTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnHCL", "KilnDockerfile",
                "KilnAdvisories", "KilnLint", .system, .yams,
            ],
            excluding: ["Fixtures"]
        ),
        tests(
            "KilnAttestTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore",
                "KilnRegistry", "KilnDefinition", "KilnLock", "KilnBake", "KilnAdvisories", "KilnAttest",
                .collections, .crypto, .system,
            ]
        ),
        .target(
            name: "KilnRolloutSimulation",
            dependencies: ["KilnRollout"],
            path: "Tests/KilnRolloutSimulation",
            swiftSettings: settings
        ),
        .target(name: "FleetHarness", path: "Tests/FleetHarness", swiftSettings: settings),
        tests("KilnRolloutTests", ["KilnRollout", "KilnRolloutSimulation"]),
        tests(
            "KilnFleetTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnStore", "KilnRegistry",
                "KilnDefinition", "KilnRollout",
                "KilnFleet", "KilnDrift", "KilnCatalog", "KilnControl", "KilnRolloutSimulation",
                .collections, .system,
            ]
        ),
        tests(
            "KilnControlTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnDefinition",
                "KilnRollout",
                "KilnFleet", "KilnDrift", "KilnControl", .system,
            ]
        ),
        tests(
            "KilnDriftTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnDefinition", "KilnFleet",
                "KilnDrift", .system,
            ]
        ),
        tests(
            "KilnPlatformLocalTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnArchive", "KilnStore",
                "KilnDefinition", "KilnRollout", "KilnFleet", "KilnDrift", "KilnPlatformLocal", .collections,
                .system,
            ]
        ),
        tests(
            "KilnServerTests",
            [
                "KilnTestSupport", "KilnDiagnostics", "KilnSystem", "KilnOCI", "KilnStore", "KilnDefinition",
                "KilnRollout", "KilnFleet", "KilnDrift", "KilnPlatformLocal", "KilnCatalog", "KilnAPI",
                "KilnServer", .collections, .system,
            ]
        ),
        tests(
            "EndToEndTests",
            ["KilnTestSupport", "FleetHarness", "KilnDiagnostics", "KilnSystem", .system]
        ),
    ],
    swiftLanguageModes: [.v6]
)
