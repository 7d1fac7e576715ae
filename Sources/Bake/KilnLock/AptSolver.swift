import KilnDefinition
import KilnOCI
import KilnSystem
import SystemPackage

/// What is to be solved for one image.
struct AptRequest: Sendable {
    let image: ImageName
    let definition: ImageDefinition
    /// What the images below hold, lowest first: stays exactly as it is.
    let below: [(image: ImageName, packages: [LockedPackage])]
    /// What is kept where the archive allows it: what the lock had before.
    let preferred: [LockedPackage]
    /// The archives for whose packages that holds even when they have dropped them: not for one that became another.
    let keepsDropped: Set<ArchiveName>
    /// What the definition prefers; of two the first counts.
    let preferences: [PackagePin]

    /// The lowest image of a chain starts from a minimal root.
    var isRoot: Bool { below.isEmpty }
    var pins: [LockedPackage] { below.flatMap(\.packages) }
}

/// Finds the packages that an image adds to those below it.
struct AptSolver {
    let archives: AptArchives
    /// The files of packages that the archive no longer lists, as far as they can be had.
    let keep: ([LockedPackage]) async throws -> [LockedPackage: FilePath]

    /// What every root of a Debian-style distribution holds.
    static let minimalPatterns = ["?essential", "?priority(required)"]
    static let minimalPackages = ["apt"]
    /// Keeps apt from choosing `usrmerge`, which converts a root that was never unmerged and brings perl. Not all
    /// distributions have it.
    static let mergedMarker = "usr-is-merged"

    func solve(_ request: AptRequest) async throws -> [LockedPackage] {
        let kept = try await keptIndex(for: request)
        var options: [String] = []
        if let kept { options = ["--with-source", kept.string] }
        try await checkNames(request, options)
        let output = try await install(request, options)
        guard output.status == .exited(0) else { throw try await failure(request, output) }
        let chosen = try AptChoice.parse(output.text, archives)
        let records = try await records(of: chosen.map { ($0.name, $0.version) }, options)
        let origins = try await origins(of: chosen, known: request.pins + request.preferred, options)
        let packages = try chosen.map { choice in
            let origin = origins[choice] ?? AptOrigin(archive: archives.first, path: nil)
            return try choice.locked(by: records, from: origin)
        }
        try check(packages, records, request)
        let pinned = Set(request.pins.map(\.name))
        return packages.filter { !pinned.contains($0.name) }.sorted(by: LockedPackage.precedes)
    }

    /// The command, as data: the images below as exact versions, lowest first, then what this image asks for.
    static func arguments(for request: AptRequest, hasMergedMarker: Bool) -> [String] {
        var wanted = request.pins.map { "\($0.name)=\($0.version)" }
        if request.isRoot {
            wanted += minimalPatterns + minimalPackages
            if hasMergedMarker { wanted.append(mergedMarker) }
        }
        wanted += LockRequest.packages(of: request.definition)
        return ["install", "-q", "-y", "--print-uris"] + wanted
    }

    /// apt-get takes `name+` for a wish to install `name` when there is no package of that very name.
    private func checkNames(_ request: AptRequest, _ options: [String]) async throws {
        for name in LockRequest.packages(of: request.definition) where name.hasSuffix("+") {
            let output = try await archives.runner.run(
                archives.root.invocation("apt-cache", ["pkgnames"] + options + [name])
            )
            guard output.text.split(separator: "\n").contains(Substring(name)) else {
                throw missing(name, request, hint: try await hint(for: name))
            }
        }
    }

    /// Prefers what was locked, and gives up on as little of it as stands in the way.
    private func install(_ request: AptRequest, _ options: [String]) async throws -> ToolOutput {
        var preferred = request.preferred
        let wishes = try await preferences(for: request)
        let hasMarker = request.isRoot ? try await isThere(Self.mergedMarker, options) : false
        let arguments = Self.arguments(for: request, hasMergedMarker: hasMarker) + options
        while true {
            let preferences = AptPreferences.kept(preferred) + wishes
            try archives.root.setPreferences(preferences.joined(separator: "\n"))
            let output = try await archives.runner.runUnchecked(
                archives.root.invocation("apt-get", arguments)
            )
            let failure = AptMessages.solveFailure(output: output.text, errors: output.errorText)
            guard let fewer = Self.relaxed(preferred, after: failure, output.status) else { return output }
            preferred = fewer
        }
    }

    /// The definition's own preferences; nothing is asked where it has none.
    private func preferences(for request: AptRequest) async throws -> [String] {
        let hasPriorities = archives.members.contains { $0.definition.priority != nil }
        guard hasPriorities || !request.preferences.isEmpty else { return [] }
        let targets = try await AptTarget.all(in: archives.root, archives.runner)
        return try AptPreferences(archives: archives.members, targets: targets).records(request.preferences)
    }

    /// Whether an archive has a package of that name, and not only the mention of one.
    private func isThere(_ name: String, _ options: [String]) async throws -> Bool {
        let madison = archives.root.invocation("apt-cache", ["madison"] + options + [name])
        return try await !archives.runner.runUnchecked(madison).text.isEmpty
    }

    /// What is still preferred once a set had no solution; nil when apt found one, when preferring less would not help, and
    /// when apt gave no answer at all: what passes by moves no package.
    static func relaxed(
        _ preferred: [LockedPackage],
        after failure: AptMessages.SolveFailure,
        _ status: ToolStatus
    ) -> [LockedPackage]? {
        guard status == .exited(100), !preferred.isEmpty else { return nil }
        switch failure {
        case .unmet(let unmet):
            let blocked = Set(unmet.map(\.package) + unmet.map(\.targetName))
            let rest = preferred.filter { !blocked.contains($0.name) }
            return rest.count < preferred.count ? rest : []
        case .unsolvable: return []
        case .unknownPackage, .noCandidate, .unknownVersion, .other: return nil
        }
    }

    /// The archive's own records of some versions; a version that it doesn't list is left out.
    private func records(
        of versions: [(name: String, version: String)],
        _ options: [String]
    ) async throws -> [Deb822Paragraph] {
        guard !versions.isEmpty else { return [] }
        let names = versions.map { "\($0.name)=\($0.version)" }
        let show = archives.root.invocation("apt-cache", ["show"] + options + names)
        return Deb822Paragraph.parse(try await archives.runner.runUnchecked(show).text)
    }

    /// An index of the packages that the archive dropped since they were locked and that are kept here; nil without any.
    private func keptIndex(for request: AptRequest) async throws -> FilePath? {
        let wanted = request.pins + request.preferred.filter { request.keepsDropped.contains($0.archive) }
        let records = try await records(of: wanted.map { ($0.name, $0.version) }, [])
        let listed = Set(records.map { "\($0["Package"] ?? "")=\($0["Version"] ?? "")" })
        let unlisted = wanted.filter { !listed.contains("\($0.name)=\($0.version)") }
        guard !unlisted.isEmpty else { return nil }
        var stanzas: [String] = []
        for (package, file) in try await keep(unlisted).sorted(by: { LockedPackage.precedes($0.key, $1.key) })
        {
            let control = try await archives.runner.run(ToolInvocation("dpkg-deb", ["--field", file.string]))
            let text = control.text.hasSuffix("\n") ? control.text : control.text + "\n"
            stanzas.append(
                text + "Filename: \(package.path)\nSize: \(package.size)\nSHA256: \(package.sha256.hex)\n"
            )
        }
        guard !stanzas.isEmpty else { return nil }
        let directory = archives.root.path.appending("kept")
        try Files.createDirectory(directory)
        let index = directory.appending("Packages")
        try Files.write(stanzas.joined(separator: "\n"), to: index)
        return index
    }

    /// The solution must leave what is below as it is, and a root must be one.
    private func check(
        _ packages: [LockedPackage],
        _ records: [Deb822Paragraph],
        _ request: AptRequest
    ) throws(LockError) {
        let versions = Dictionary(
            packages.map { ($0.name, $0.version) },
            uniquingKeysWith: { first, _ in first }
        )
        for (image, pins) in request.below {
            for pin in pins where versions[pin.name] != pin.version {
                throw archives.error(
                    .unsatisfiable,
                    "image \"\(request.image)\" would change \(pin.name) \(pin.version) of image \"\(image)\"",
                    at: request.definition.spans["packages"] ?? request.definition.span,
                    hint: "an image never changes what it stands on: add the package to \"\(image)\" instead"
                )
            }
        }
        if request.isRoot, !records.contains(where: { $0["Essential"] == "yes" }) {
            throw archives.error(
                .missingPackage,
                "archive \"\(archives.first.name)\" has no essential packages, so no root can start from it",
                hint: "a root starts from a whole distribution, not from an archive that only adds to one"
            )
        }
    }
}
