import KilnSystem
package import SystemPackage

/// The commit of the git repository that a folder is in.
package struct SourceCommit: Sendable, Hashable {
    package let id: String
    package let repository: String?
    package let isDirty: Bool

    package init(id: String, repository: String?, isDirty: Bool) {
        self.id = id
        self.repository = repository
        self.isDirty = isDirty
    }

    /// nil without git, outside of a repository, before the first commit, and where git does not trust who owns it.
    ///
    /// Git is asked once; where no folder above has a repository, never.
    package static func find(
        _ directory: FilePath,
        environment: [String: String] = [:]
    ) async throws -> SourceCommit? {
        let directory = directory.isEmpty ? FilePath(".") : directory
        // Whoever says in variables where the repository is may say what its configuration is, too.
        let isPlain = !environment.keys.contains(where: leadsElsewhere)
        let repository = isPlain ? GitFolder(above: directory) : nil
        guard !isPlain || repository != nil else { return nil }
        guard
            let told = try await ask(["status", "--porcelain=v2", "--branch", "--no-renames"], in: directory)
        else { return nil }
        let lines = told.split(separator: "\n")
        let id = lines.lazy.compactMap { $0.hasPrefix("# branch.oid ") ? String($0.dropFirst(13)) : nil }
            .first
        guard let id, isObjectID(id) else { return nil }
        let origin: String? =
            if let repository, let url = repository.originURL {
                url
            } else {
                try await ask(["config", "--get", "remote.origin.url"], in: directory)?
                    .split(separator: "\n").first.map(String.init)
            }
        return SourceCommit(
            id: id,
            repository: origin.flatMap(withoutLogin),
            isDirty: lines.contains { !$0.hasPrefix("#") }
        )
    }

    /// Variables by which git finds a repository, or its configuration, elsewhere (git(1), "The Git Repository").
    private static func leadsElsewhere(_ variable: String) -> Bool {
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE"].contains(variable)
            || ["GIT_CONFIG", "GIT_CEILING_", "GIT_DISCOVERY_", "GIT_OBJECT_", "GIT_ALTERNATE_"].contains {
                variable.hasPrefix($0)
            }
    }

    private static func ask(_ arguments: [String], in directory: FilePath) async throws -> String? {
        // A repository can name programs of its own for git to run.
        let command = ToolInvocation(
            "git",
            ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"] + arguments,
            environment: ["GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"],
            workingDirectory: directory
        )
        do {
            let output = try await ToolRunner().runUnchecked(command)
            return output.status == .exited(0) ? output.text : nil
        } catch is ToolError {
            return nil
        }
    }

    /// 40 digits, or 64 of sha256 repositories.
    private static func isObjectID(_ text: String) -> Bool {
        [40, 64].contains(text.utf8.count)
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// A password in a URL is nobody's business; a path of this machine tells nobody else anything.
    static func withoutLogin(_ url: String) -> String? {
        guard let scheme = ["https://", "http://", "ssh://", "git://"].first(where: url.hasPrefix) else {
            // scp's way: user@host:path, where the user is the service's own.
            let parts = url.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, !url.hasPrefix("/"), !parts[0].contains("/"), !parts[1].hasPrefix("//")
            else { return nil }
            let host = parts[0].split(separator: "@").last.map(String.init) ?? ""
            return host.isEmpty ? nil : "ssh://\(host)/\(parts[1])"
        }
        let rest = url.dropFirst(scheme.count)
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<end]
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        return host.isEmpty ? nil : scheme + host + rest[end...].prefix { $0 != "?" && $0 != "#" }
    }
}
