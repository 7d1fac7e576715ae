import Glibc
import KilnDrift
import KilnOCI
import KilnSystem
import SystemPackage

/// One change of a writable root, as the kernel told it.
struct RootEvent: Sendable, Hashable, Codable {
    enum What: String, Sendable, Hashable, Codable {
        case written
        case attributes
        case created
        case removed
        case moved
    }

    /// Seconds since 1970.
    let time: Int64
    /// As the instance sees it.
    let path: String
    let what: What
    let actor: DriftActor
}

/// The changes of one instance's root, one JSON line each, kept beside the instance while somebody watches.
struct RootEventLog: Sendable {
    /// What is not written down any more is found by the next walk all the same.
    private static let limit: Int64 = 256 << 10

    let file: FilePath

    init(_ paths: InstancePaths) {
        file = paths.directory.appending("changes.log")
    }

    func append(_ events: [RootEvent]) throws {
        guard !events.isEmpty, (Files.facts(file)?.size ?? 0) < Self.limit else { return }
        var bytes: [UInt8] = []
        for event in events { bytes += try CanonicalJSON.encode(event) + [UInt8(ascii: "\n")] }
        let descriptor = try FileDescriptor.open(
            file,
            .writeOnly,
            options: [.append, .create, .closeOnExec, .noFollow],
            permissions: [.ownerReadWrite]
        )
        defer { try? descriptor.close() }
        _ = try descriptor.writeAll(bytes)
    }

    /// Oldest first.
    func events() -> [RootEvent] {
        guard let bytes = try? Files.read(file, limit: 2 << 20) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap {
            try? CanonicalJSON.decode(RootEvent.self, from: Array($0))
        }
    }

    /// The findings with who changed each file last.
    func explained(_ findings: [DriftFinding]) -> [DriftFinding] {
        guard findings.contains(where: { $0.weight != .noise }) else { return findings }
        let last = Dictionary(events().map { ($0.path, $0.actor) }) { $1 }
        return findings.map { finding in
            var finding = finding
            finding.actor = last[finding.subject]
            return finding
        }
    }
}
