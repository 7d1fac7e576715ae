import KilnSystem

/// An index of packages that apt holds: a component of a suite at a place.
struct AptTarget: Sendable, Hashable {
    /// The base URL, as `AptSource` has it.
    let uri: String
    /// The suite as written in the sources.
    let suite: String
    let component: String
    /// What the Release file calls itself; empty where it says nothing.
    let releaseSuite: String
    let codename: String
    let origin: String
    let label: String

    /// The names under which the Release file knows itself.
    var released: [String] { [releaseSuite, codename].filter { !$0.isEmpty } }

    static func all(in root: AptRoot, _ runner: ToolRunner) async throws -> Set<AptTarget> {
        let fields = [
            "CREATED_BY", "REPO_URI", "RELEASE", "COMPONENT", "SUITE", "CODENAME", "ORIGIN", "LABEL",
        ]
        let format = fields.map { "$(\($0))" }.joined(separator: "|")
        let output = try await runner.run(root.invocation("apt-get", ["indextargets", "--format", format]))
        let rows = output.text.split(separator: "\n")
            .map { $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init) }
        return Set(
            rows.filter { $0.count == fields.count && $0[0] == "Packages" }.map { row in
                // What the Release file does not say is left as it was asked for.
                let row = zip(row, fields).map { $0 == "$(\($1))" ? "" : $0 }
                return AptTarget(
                    uri: AptSource.normalized(row[1]),
                    suite: row[2],
                    component: row[3],
                    releaseSuite: row[4],
                    codename: row[5],
                    origin: row[6],
                    label: row[7]
                )
            }
        )
    }
}
