import KilnAdvisories
import KilnArchive
import KilnSystem
import SystemPackage
import Testing

/// The data sets beside the tests.
enum Fixtures {
    static let osv = [
        "debian12-fixed.osv.jsonl.zst", "debian12-tracker-sample.osv.jsonl.zst", "go-2026-08.osv.jsonl.zst",
        "npm-nodejs-wg-2016-2022.osv.jsonl.zst", "pypi-2024-10.osv.jsonl.zst",
        "rustsec-2026-08.osv.jsonl.zst",
    ]

    static func path(_ name: String, _ file: String = #filePath) -> FilePath {
        FilePath(file).removingLastComponent().appending("Fixtures").appending(name)
    }

    /// A compressed fixture's content.
    static func bytes(_ name: String) throws -> [UInt8] {
        var stream = try Decompressor(try FileSource(path(name)))
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try stream.read(into: buffer)
            if count == 0 { return bytes }
            bytes += UnsafeRawBufferPointer(rebasing: buffer[..<count])
        }
    }

    static func text(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }

    /// Made once, since a debug build takes its time.
    static let debian = Result { try database(["debian12-fixed.osv.jsonl.zst"]) }
    static let everything = Result { try database(osv + ["kev-2025-08.txt.zst"]) }

    /// A database of some of them.
    static func database(_ names: [String]) throws -> AdvisoryDatabase {
        var builder = DatabaseBuilder()
        for name in names { _ = try AdvisoryImporter.importFile(path(name), into: &builder) }
        return try AdvisoryDatabase(bytes: try builder.build())
    }

    /// The packages of a dpkg status file (deb822; `Source: name (version)`).
    static func dpkgStatus(_ name: String) throws -> [InventoryPackage] {
        var packages: [InventoryPackage] = []
        for paragraph in try text(name).split(separator: "\n\n") {
            var fields: [Substring: Substring] = [:]
            for line in paragraph.split(separator: "\n") where line.first != " " {
                guard let colon = line.firstIndex(of: ":") else { continue }
                fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
            }
            guard let name = fields["Package"], let version = fields["Version"] else { continue }
            var package = InventoryPackage(Ecosystem("Debian:12"), String(name), String(version))
            let source = (fields["Source"] ?? "").split(separator: " ")
            package.source = source.first.map(String.init)
            if source.count == 2 { package.sourceVersion = String(source[1].dropFirst().dropLast()) }
            packages.append(package)
        }
        return packages
    }
}

/// Numbers that look random and are the same each time.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func text(_ alphabet: [Character], _ length: ClosedRange<Int>) -> String {
        String(
            (0..<Int.random(in: length, using: &self)).compactMap { _ in alphabet.randomElement(using: &self)
            }
        )
    }
}

enum Peers {
    static func has(_ tool: String) -> Bool { ExecutableSearch.find(tool) != nil }

    /// Of the folder that `scripts/install-deps tests` puts peers from PyPI into.
    static let venv = FilePath("/usr/local/share/kiln-peers")
    static var venvPython: String { venv.appending("bin/python3").string }

    static func hasVenv(_ module: String) -> Bool {
        guard let versions = try? Files.list(venv.appending("lib")) else { return false }
        return versions.contains { Files.exists(venv.appending("lib/\($0)/site-packages/\(module)")) }
    }

    /// Runs a program with text for its input and gives the lines that it says.
    static func lines(
        _ executable: String,
        _ arguments: [String],
        input: String = ""
    ) async throws -> [String] {
        let invocation = ToolInvocation(
            executable,
            arguments,
            // Debian's node-semver needs another of its packages.
            environment: ["NODE_PATH": "/usr/share/nodejs"],
            input: Array(input.utf8)
        )
        let output = try await ToolRunner().runUnchecked(invocation)
        #expect(output.status == .exited(0), "\(executable): \(output.errorText)")
        return output.text.split(separator: "\n").map(String.init)
    }
}

/// `<`, `=` or `>`, as most tools say it; nil when one of them is no version.
func relation(_ left: String, _ right: String, _ scheme: VersionScheme) -> String? {
    guard let a = try? Version(scheme, parsing: left), let b = try? Version(scheme, parsing: right) else {
        return nil
    }
    return a < b ? "<" : a == b ? "=" : ">"
}
