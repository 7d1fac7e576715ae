import KilnDefinition
import KilnDiagnostics
import KilnSystem
import SystemPackage

/// Picks the machine's sources that carry an archive's suites, by the suites' written names.
struct AptSourceSelection {
    let archive: ArchiveDefinition
    let architecture: String

    /// Sources in the order of the archive's suites, each narrowed to the archive's components. Every suite must be found.
    func choose(from sources: [AptSource], name: ArchiveName, etc: FilePath) throws(LockError) -> [AptSource]
    {
        var chosen: [AptSource] = []
        var missing: [String] = []
        for suite in archive.suites {
            let matches = sources.filter { $0.suite == suite && carries($0) }
            if !covers(matches) { missing.append(suite) }
            for match in matches {
                var source = match
                source.components = archive.components.filter(match.components.contains)
                source.suite = suite
                if !chosen.contains(where: { $0.uri == source.uri && $0.suite == suite }) {
                    chosen.append(source)
                }
            }
        }
        guard missing.isEmpty else { throw notFound(missing, sources, name, etc) }
        return chosen
    }

    private func carries(_ source: AptSource) -> Bool {
        guard source.architectures.isEmpty || source.architectures.contains(architecture) else {
            return false
        }
        return isReachable(source) && isTrusted(source)
            && archive.components.contains(where: source.components.contains)
    }

    /// Packages are fetched without apt, so that its more exotic ways (cdrom, tor, ftp) don't count.
    private func isReachable(_ source: AptSource) -> Bool {
        ["http://", "https://", "file:/"].contains { source.uri.hasPrefix($0) }
    }

    /// A source that names other keys than the archive's belongs to someone else, even under the same suite name.
    private func isTrusted(_ source: AptSource) -> Bool {
        let wanted = identity(archive.keyring)
        return source.signedBy.isEmpty || source.signedBy.contains { identity(FilePath($0)) == wanted }
    }

    /// Symlinks followed: a keyring may be known under two names.
    private func identity(_ path: FilePath) -> String {
        guard let facts = Files.facts(path, followingSymlinks: true) else { return path.string }
        return "\(facts.device):\(facts.inode)"
    }

    private func covers(_ sources: [AptSource]) -> Bool {
        archive.components.allSatisfy { component in sources.contains { $0.components.contains(component) } }
    }

    private func notFound(
        _ missing: [String],
        _ sources: [AptSource],
        _ name: ArchiveName,
        _ etc: FilePath
    ) -> LockError {
        let wanted = missing.joined(separator: ", ")
        var causes: [String] = []
        var lines: [String] = []
        for source in sources {
            let line = "\(source.suite) (\(source.components.joined(separator: ", ")))"
            let foreign =
                !isReachable(source)
                ? ", at \(AptMessages.withoutPasswords(source.uri))"
                : isTrusted(source) ? "" : ", signed by another keyring"
            if !lines.contains(line + foreign) { lines.append(line + foreign) }
        }
        causes.append(
            lines.isEmpty ? "\(etc) names no sources" : "\(etc) has: " + lines.joined(separator: "; ")
        )
        let components = archive.components.joined(separator: ", ")
        return LockError(
            .source,
            "this machine's apt sources have no suite \(wanted) with \(components) for archive \"\(name)\"",
            at: archive.span,
            causes: causes,
            hint: "say where it is: mirror: URL (a base URL that holds dists/ and pool/)",
            exitStatus: .usage
        )
    }
}
