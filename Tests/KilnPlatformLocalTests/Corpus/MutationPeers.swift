import KilnDrift
import KilnPlatformLocal
import KilnSystem
import SystemPackage

/// What others find of the same mutations, looking at the instance's root from the host.
struct MutationPeers {
    static let areHere = ["aide", "debsums"].allSatisfy { ExecutableSearch.find($0) != nil }

    let root: FilePath
    let scratch: FilePath

    /// AIDE with all that it can compare, but for inode numbers and times of change, which a first write moves.
    func prepare() async throws {
        let database = scratch.appending("aide.db")
        let rules = """
            database_in=file:\(database)
            database_out=file:\(database)
            gzip_dbout=no
            report_url=stdout
            W = ftype+p+u+g+n+s+m+l+sha256+acl+xattrs+caps
            \(root) W

            """
        try Files.write(rules, to: configuration)
        _ = try await ToolRunner().run(ToolInvocation("aide", ["--config=\(configuration)", "--init"]))
    }

    private var configuration: FilePath { scratch.appending("aide.conf") }

    func aide() async throws -> Set<String> {
        let output = try await ToolRunner().runUnchecked(
            ToolInvocation("aide", ["--config=\(configuration)", "--check"])
        )
        return paths(in: output.text)
    }

    func debsums() async throws -> Set<String> {
        let output = try await ToolRunner().runUnchecked(
            ToolInvocation("debsums", ["--root=\(root)", "--all", "--changed"])
        )
        return paths(in: output.text + output.errorText)
    }

    /// Every name that lies in the layer that changes go to.
    func listing(_ changes: FilePath) async throws -> Set<String> {
        let output = try await ToolRunner().run(
            ToolInvocation("find", ["\(changes)", "-mindepth", "1", "-printf", "/%P\\n"])
        )
        return Set(output.text.split(separator: "\n").map(String.init))
    }

    private func paths(in text: String) -> Set<String> {
        var paths: Set<String> = []
        for line in text.split(separator: "\n") {
            guard
                let start = line.firstRange(of: "\(root)")?.upperBound
                    ?? line.firstRange(of: " /")?.lowerBound
            else {
                continue
            }
            paths.insert(String(line[start...].drop { $0 == " " }.prefix { $0 != " " }))
        }
        return paths
    }
}

extension Mutation {
    /// Whether the path, or for one that is no text a part of it, is among these.
    func isNamed(in paths: Set<String>) -> Bool {
        if let path { return paths.contains(path) }
        return kinds == [.fileAdded] && paths.contains { $0.contains(words) }
    }
}
