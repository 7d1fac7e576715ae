import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnAttest

@Suite(.enabled(if: Files.exists("/usr/bin/git"), "needs git")) struct `The commit of a definition's folder` {
    private struct Repository {
        let path: FilePath

        init(_ path: FilePath) async throws {
            self.path = path
            try Files.createDirectory(path)
            try await git("init", "-q")
        }

        @discardableResult
        func git(_ arguments: String...) async throws -> String {
            try await ToolRunner().run(
                ToolInvocation(
                    "git",
                    ["-c", "user.name=t", "-c", "user.email=t@example.org"] + arguments,
                    workingDirectory: path
                )
            ).text
        }

        func commit(_ name: String) async throws {
            try Files.write("1", to: path.appending(name))
            try await git("add", ".")
            try await git("commit", "-qm", name)
        }
    }

    @Test func `is told with where it is fetched from, and whether all of it was committed`() async throws {
        try await Sandbox.with { sandbox in
            let repository = try await Repository(sandbox.path.appending("shop"))
            #expect(try await SourceCommit.find(repository.path) == nil, "nothing was committed yet")
            try await repository.commit("one")
            let folder = repository.path.appending("deep").appending("er")
            try Files.createDirectory(folder)
            let id = try await repository.git("rev-parse", "HEAD").split(separator: "\n").map(String.init)[0]
            #expect(
                try await SourceCommit.find(folder) == SourceCommit(id: id, repository: nil, isDirty: false)
            )
            try await repository.git("remote", "add", "origin", "https://kim:secret@git.example.org/shop.git")
            try Files.write("2", to: folder.appending("new"))
            let told = SourceCommit(id: id, repository: "https://git.example.org/shop.git", isDirty: true)
            #expect(try await SourceCommit.find(folder) == told)
            // A worktree's files lie elsewhere.
            try await repository.git("worktree", "add", "-q", "../side")
            let side = try await SourceCommit.find(sandbox.path.appending("side"))
            #expect(side == SourceCommit(id: id, repository: told.repository, isDirty: false))
        }
    }

    @Test(
        arguments: [
            ("[remote \"origin\"]\n\turl = https://a.example/x.git\n", "https://a.example/x.git"),
            ("[REMOTE \"origin\"]\n  URL=one\n  url = two  \n", "two"), ("[core]\n\tbare = false\n", ""),
            ("[remote \"Origin\"]\nurl = x\n[remote \"other\"]\nurl = y\n", ""),
            ("[remote \"origin\"]\nurlx = x\n", ""), ("[remote \"origin\"]\nurl = \"quoted\"\n", nil),
            ("[remote \"origin\"]\nurl = a # b\n", nil), ("[include]\npath = other\n", nil),
            ("[includeIf \"gitdir:/x/\"]\npath = other\n", nil),
            ("[extensions]\n\tworktreeConfig = true\n", nil), ("[remote \"origin\"] url = x\n", nil),
        ] as [(String, String?)]
    )
    func `has its origin read from the configuration, as far as that says it plainly`(
        _ text: String,
        _ expected: String?
    ) async throws {
        try await Sandbox.with { sandbox in
            try Files.createDirectory(sandbox.path.appending(".git"))
            try sandbox.write(text, to: ".git/config")
            #expect(try #require(GitFolder(above: sandbox.path)).originURL == expected)
        }
    }
}
