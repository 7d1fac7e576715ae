import KilnAttest

/// How an image came about, in a few lines.
struct ProvenanceText {
    let lines: [String]

    init(_ provenance: Provenance) {
        let build = provenance.buildDefinition
        let builder = provenance.runDetails.builder
        let version = builder.version["kiln"].map { "kiln \($0)" } ?? builder.id
        let definition = build.externalParameters.definition
        let states = Dictionary(grouping: provenance.layers, by: \.verification).mapValues(\.count)
        let counts = [Provenance.Verification.verified, .unverified, .differs, .foreign]
            .compactMap { state in states[state].map { "\($0) \(state.rawValue)" } }
        lines =
            [
                "baked by \(version): image \(build.externalParameters.image) for \(build.externalParameters.platform)",
                "definition \(definition.name ?? "") \(Self.short(definition)), lock \(Self.short(build.internalParameters.lock))",
                provenance.commit.map { commit in
                    "commit \(commit.id)\(commit.repository.map { " of \($0)" } ?? "")"
                        + (commit.isDirty ? ", with changes that were not committed" : "")
                } ?? "no commit: the definition was in no git repository",
                "layers: \(counts.joined(separator: ", ")); packages: \(provenance.packages.count)",
            ]
    }

    private static func short(_ resource: Provenance.Resource) -> String {
        String(resource.digest?["sha256"]?.prefix(12) ?? "-")
    }
}
