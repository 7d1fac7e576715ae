import FoundationEssentials
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// The list that `docs/architecture.md` explains: groups from the ground up, their targets in order, and the outside
/// products each target may use. A target imports from groups above it in this list and from siblings before it.
private let house: [(group: String, targets: [(name: String, outside: Set<String>)])] = [
    (
        "Foundation",
        [("KilnDiagnostics", []), ("KilnSystem", ["Subprocess", "SystemPackage"])]
    ),
    (
        "Image",
        [
            ("KilnOCI", ["Crypto"]),
            ("KilnArchive", ["CDeflate", "CLinux", "CLzma", "CZlib", "CZstd", "SystemPackage"]),
            ("KilnStore", ["SystemPackage"]),
        ]
    ),
    ("Distribution", [("KilnRegistry", ["SystemPackage"])]),
    (
        "Definition",
        [
            ("KilnDefinition", ["OrderedCollections", "SystemPackage", "Yams"]),
            ("KilnHCL", ["Crypto", "Yams"]), ("KilnDockerfile", []),
        ]
    ),
    (
        "Bake",
        [
            ("KilnLock", ["OrderedCollections", "SystemPackage"]),
            ("KilnBake", ["OrderedCollections", "SystemPackage"]),
        ]
    ),
    (
        "Assurance",
        [
            ("KilnAdvisories", ["SystemPackage"]), ("KilnInventory", ["SystemPackage"]), ("KilnSBOM", []),
            ("KilnSecrets", []), ("KilnAdopt", ["Crypto", "SystemPackage"]), ("KilnLint", []),
            (
                "KilnAttest",
                ["Crypto", "CryptoExtras", "OrderedCollections", "SwiftASN1", "SystemPackage"]
            ),
            ("KilnGate", ["SystemPackage"]),
        ]
    ),
    (
        "Fleet",
        [
            ("KilnRollout", []),
            ("KilnFleet", ["OrderedCollections", "SystemPackage"]),
            ("KilnDrift", ["SystemPackage"]),
            ("KilnPlatformLocal", ["CLinux", "OrderedCollections", "SystemPackage"]),
        ]
    ),
    (
        "Service",
        [
            ("KilnCatalog", ["Crypto", "GRDB", "SystemPackage"]), ("KilnControl", ["SystemPackage"]),
            ("KilnAPI", ["SystemPackage"]),
            (
                "KilnServer",
                ["Crypto", "HTTPTypes", "HummingbirdCore", "Logging", "NIOCore", "NIOPosix", "SystemPackage"]
            ),
        ]
    ),
    (
        "Faces",
        [("KilnCommands", ["ArgumentParser", "OrderedCollections", "SystemPackage"]), ("kiln", [])]
    ),
]

/// C headers that Swift's own modules lack; they hold no code.
private let headers: Set<String> = ["CDeflate", "CLinux", "CLzma", "CZlib", "CZstd"]

/// What comes with the toolchain and needs no declaration.
private let toolchain: Set<String> = [
    "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Swift", "Synchronization",
]

@Suite struct `The house` {
    @Test func `every target stands in its group's folder and nowhere else`() throws {
        for (group, targets) in house {
            let rooms = try Files.list(Golden.project.appending("Sources/\(group)"))
            #expect(Set(rooms).subtracting(headers) == Set(targets.map(\.name)))
        }
        #expect(try Set(Files.list(Golden.project.appending("Sources"))) == Set(house.map(\.group)))
    }

    @Test func `a target imports only from above, from earlier siblings, and what it was granted`() throws {
        var above: Set<String> = []
        for (group, targets) in house {
            for (name, outside) in targets {
                let allowed = above.union(outside).union(toolchain)
                for (file, imports) in try importsOfSources(in: "Sources/\(group)/\(name)") {
                    let broken = imports.subtracting(allowed)
                    #expect(
                        broken.isEmpty,
                        "\(file) must not import \(broken.sorted().joined(separator: ", "))"
                    )
                }
                above.insert(name)
            }
        }
    }

    @Test func `the package declares what the list grants, and nothing more`() async throws {
        let description = try await describedPackage()
        let rows = house.flatMap(\.targets)
        let names = rows.map(\.name)
        for (name, outside) in rows {
            let target = try #require(description.targets.first { $0.name == name })
            let earlier = Set(names.prefix { $0 != name })
            let libraries = Set(target.targets ?? []).subtracting(headers)
            #expect(libraries.isSubset(of: earlier), "\(name) depends on a target beside or below it")
            let products = Set(target.products ?? [])
            #expect(
                products.isSubset(of: outside),
                "\(name) was not granted \(products.subtracting(outside))"
            )
        }
    }

    /// File name and imported modules of every source below the folder.
    private func importsOfSources(in folder: String) throws -> [(file: String, imports: Set<String>)] {
        try sources(below: Golden.project.pushing(FilePath(folder))).map { file in
            let lines = try Files.readText(file).split(separator: "\n")
            let modules = lines.compactMap { line -> String? in
                let words = line.split(separator: " ")
                guard let keyword = words.firstIndex(of: "import"), keyword <= 1, words.count == keyword + 2,
                    line.first?.isWhitespace == false
                else { return nil }
                return String(words[keyword + 1])
            }
            return (file.lastComponent?.string ?? "", Set(modules))
        }
    }

    private func sources(below folder: FilePath) throws -> [FilePath] {
        try Files.list(folder).flatMap { name -> [FilePath] in
            let path = folder.appending(name)
            if Files.facts(path)?.kind == .directory { return try sources(below: path) }
            return name.hasSuffix(".swift") ? [path] : []
        }
    }

    private func describedPackage() async throws -> PackageDescription {
        let output = try await ToolRunner().run(
            ToolInvocation(
                "swift",
                ["package", "--ignore-lock", "describe", "--type", "json"],
                workingDirectory: Golden.project
            )
        )
        let text = output.text
        let start = try #require(text.firstIndex(of: "{"))
        return try JSONDecoder().decode(PackageDescription.self, from: Data(text[start...].utf8))
    }
}

private struct PackageDescription: Decodable {
    struct Target: Decodable {
        let name: String
        let targets: [String]?
        let products: [String]?

        private enum CodingKeys: String, CodingKey {
            case name
            case targets = "target_dependencies"
            case products = "product_dependencies"
        }
    }

    let targets: [Target]
}
