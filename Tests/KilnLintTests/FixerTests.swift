import Testing

@testable import KilnLint

@Suite struct `Repairs` {
    private static let digest = "sha256:" + String(repeating: "0123456789abcdef", count: 4)

    private func fixed(
        _ text: String,
        _ name: String,
        volumes: [String: [String]] = [:]
    ) throws -> (text: String, diff: String, left: [String]) {
        let today = try #require(RuleFixtures.today)
        let linter = Linter(today: today)
        let report = linter.lint([.init(LintSource(name: name, text: text))])
        var fixer = LintFixer()
        for image in LintFixer.wanted(report) { fixer.digests[image] = Self.digest }
        fixer.volumes = volumes
        let bytes = fixer.edits(report.files[0]).applied(to: Array(text.utf8))
        let again = linter.lint([.init(LintSource(name: name, bytes: bytes))])
        return (
            String(decoding: bytes, as: UTF8.self), UnifiedDiff.render(Array(text.utf8), bytes, name: name),
            again.entries().map(\.rule.id)
        )
    }

    @Test func `put a digest behind a tag, and touch nothing else`() throws {
        let result = try fixed(
            "# why\nFROM   debian:12.8   AS base # x\nCOPY --from=nginx /a /b\n",
            "Dockerfile"
        )
        #expect(
            result.text
                == "# why\nFROM   debian:12.8@\(Self.digest)   AS base # x\nCOPY --from=nginx@\(Self.digest) /a /b\n"
        )
        #expect(result.left.isEmpty)
        let compose = try fixed(
            "services:\n  a:\n    read_only: true\n    image: \"nginx:1.27\"  # the web\n",
            "compose.yaml"
        )
        #expect(
            compose.text
                == "services:\n  a:\n    read_only: true\n    image: \"nginx:1.27@\(Self.digest)\"  # the web\n"
        )
        #expect(
            compose.diff.split(separator: "\n").filter { $0.hasPrefix("+") || $0.hasPrefix("-") }.count == 4
        )
    }

    @Test func `leave alone what only a variable knows`() throws {
        let text = "ARG TAG=1\nFROM debian:$TAG\n"
        #expect(try fixed(text, "Dockerfile").text == text)
    }

    @Test func `seal a root, with the scratch space that the image declares`() throws {
        let text = """
            apiVersion: apps/v1
            kind: Deployment
            spec:
              template:
                spec:
                  # two of them
                  containers:
                    - name: web
                      image: web:1@\(Self.digest)
                      securityContext:
                        runAsUser: 1000
                    - name: side
                      image: side:1@\(Self.digest)
                      volumeMounts:
                      - name: conf
                        mountPath: /etc/side
                  volumes:
                    - name: conf
                      configMap: {name: side}

            """
        let volumes = ["docker.io/library/web:1": ["/data", "/tmp"], "docker.io/library/side:1": ["/cache"]]
        let result = try fixed(text, "deploy.yaml", volumes: volumes)
        #expect(result.left.isEmpty, "\(result.text)")
        let read = YAMLReader.read(Array(result.text.utf8))
        #expect(read.problems.isEmpty)
        let pod = try #require(read.documents.first?.at("spec", "template", "spec"))
        #expect(
            pod["volumes"]?.items.compactMap { $0["name"]?.text }.sorted() == [
                "conf", "scratch-side-cache", "scratch-web-data", "scratch-web-tmp",
            ]
        )
        let mounts = pod["containers"]?.items.map {
            $0["volumeMounts"]?.items.compactMap { $0["mountPath"]?.text }.sorted()
        }
        #expect(mounts == [["/data", "/tmp"], ["/cache", "/etc/side"]])
        #expect(result.text.contains("# two of them"))
        // Nothing is sealed when nobody knows what the image writes to.
        #expect(try fixed(text, "deploy.yaml").text == text)
    }

    @Test func `seal a service of Compose whose image tells what it writes to`() throws {
        let text = """
            services:
              web:
                # the front
                image: web:1@\(Self.digest)
                ports: ["80:80"]
              side:
                read_only: false  # for now
                image: side:1@\(Self.digest)
              own:
                build: .

            """
        let volumes = ["docker.io/library/web:1": [], "docker.io/library/side:1": ["/cache"]]
        let result = try fixed(text, "compose.yaml", volumes: volumes)
        #expect(
            result.text
                == text.replacing(
                    "    # the front\n    image",
                    with: "    # the front\n    read_only: true\n    image"
                )
                .replacing("false  # for", with: "true  # for")
        )
        #expect(result.left == ["IL020"], "own is built here: nobody knows its image")
        #expect(try fixed(text, "compose.yaml").text == text)
        let inline = "services: {web: {image: \"web:1@\(Self.digest)\"}}\n"
        #expect(try fixed(inline, "compose.yaml", volumes: volumes).text == inline)
    }

    @Test func `show what would change`() {
        let old = Array((1...20).map { "line \($0)\n" }.joined().utf8)
        let new = Array((1...20).map { $0 == 10 ? "line ten\n" : "line \($0)\n" }.joined().utf8)
        let diff = UnifiedDiff.render(old, new, name: "x")
        #expect(
            diff
                == "--- a/x\n+++ b/x\n@@ -7,7 +7,7 @@\n line 7\n line 8\n line 9\n-line 10\n+line ten\n line 11\n line 12\n line 13"
        )
        #expect(UnifiedDiff.render(old, old, name: "x").isEmpty)
    }
}
