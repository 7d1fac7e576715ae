import Testing

@testable import KilnLint

@Suite struct `Files that others name` {
    private func lint(
        _ files: [String: String],
        _ asked: [String],
        rules: Set<String> = ["IL004"],
        above: Int = 3
    ) throws -> LintReport {
        var settings = LintSettings()
        settings.only = rules
        let inputs = asked.sorted().map { name in
            let folder = name.split(separator: "/").dropLast().map(String.init)
            let beside = Neighbours(above: min(above, folder.count)) { other in
                var parts = folder
                for part in other.split(separator: "/") where part != "." {
                    if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
                }
                return files[parts.joined(separator: "/")].map { Array($0.utf8) }
            }
            return Linter.Input(LintSource(name: name, text: files[name] ?? ""), neighbours: beside)
        }
        return Linter(settings: settings, today: try #require(RuleFixtures.today)).lint(inputs)
    }

    private func places(_ report: LintReport) -> [String] {
        #expect(report.problems.isEmpty, "\(report.problems)")
        return report.entries().map { "\($0.source.name):\($0.line): \($0.rule.id)" }
    }

    private static let setup = "#!/bin/sh\nset -e\napt-get install -y curl\n"

    @Test(arguments: [
        "COPY setup.sh /\nRUN /setup.sh", "COPY setup.sh /tmp/it\nRUN sh -e /tmp/it && rm /tmp/it",
        "COPY ./setup.sh /opt/\nRUN bash -o pipefail /opt/setup.sh", "COPY . .\nRUN ./setup.sh",
        "WORKDIR /srv\nCOPY setup.sh .\nRUN chmod +x setup.sh && ./setup.sh",
        "WORKDIR /srv/app\nADD [\"setup.sh\", \"./\"]\nRUN [\"./setup.sh\"]",
        "COPY setup.sh /usr/local/bin/\nRUN setup.sh", "COPY *.sh /x/\nRUN cd /x && . ./setup.sh",
        "COPY setup.sh other /x/\nRUN sudo -E /x/setup.sh now",
        "RUN --mount=type=bind,source=setup.sh,target=/x.sh sh /x.sh",
        "RUN --mount=target=/src /src/setup.sh", "WORKDIR /a\nRUN --mount=type=bind,target=. ./setup.sh",
        "COPY setup.sh /\nRUN <<EOF\nset -e\n/setup.sh\nEOF",
        "COPY setup.sh /old\nCOPY nothing /old\nRUN /old",
    ])
    func `scripts that a Dockerfile copies and runs`(_ lines: String) throws {
        let files = ["Dockerfile": "FROM debian:12\n\(lines)\n", "setup.sh": Self.setup]
        #expect(places(try lint(files, ["Dockerfile"])) == ["setup.sh:3: IL004"])
    }

    @Test(arguments: [
        "COPY setup.sh /", "RUN /setup.sh", "COPY --from=other setup.sh /\nRUN /setup.sh",
        "COPY setup.sh /a\nRUN /b/setup.sh", "COPY setup.sh /\nRUN echo /setup.sh",
        "COPY setup.sh /\nRUN cat /setup.sh", "COPY ../setup.sh /\nRUN /setup.sh",
        "COPY setup.sh /\nRUN sh -c true /setup.sh", "COPY setup.sh /\nRUN $SETUP",
        "COPY setup.sh /\nFROM other\nRUN /setup.sh",
    ])
    func `what is copied and not run, or run and not copied, is no such script`(_ lines: String) throws {
        let files = ["Dockerfile": "FROM debian:12\n\(lines)\n", "setup.sh": Self.setup]
        #expect(places(try lint(files, ["Dockerfile"])) == [])
    }

    @Test func `stages hand on what they copied`() throws {
        let text =
            "FROM debian:12 AS base\nCOPY setup.sh /\nFROM alpine:3\nRUN true\nFROM base\nRUN /setup.sh\n"
        let files = ["Dockerfile": text, "setup.sh": Self.setup]
        #expect(places(try lint(files, ["Dockerfile"])) == ["setup.sh:3: IL004"])
    }

    @Test func `what starts the container is judged as what changes it`() throws {
        let files = [
            "Dockerfile": "FROM debian:12\nCOPY run.sh /\nENTRYPOINT [\"/run.sh\"]\n",
            "run.sh": "#!/usr/bin/env bash\napt-get install -y curl\nexec \"$@\"\n",
        ]
        #expect(places(try lint(files, ["Dockerfile"], rules: ["IL004", "IL008"])) == ["run.sh:2: IL008"])
    }

    @Test(arguments: [
        ("#!/usr/bin/python3\napt-get install -y curl\n", false), ("\u{7F}ELF\u{0}\u{0}", false),
        ("apt-get install -y curl\n", true), ("#!/bin/busybox ash\napt-get install -y curl\n", true),
    ])
    func `only what a shell reads is read as one`(_ text: String, _ isRead: Bool) throws {
        let files = ["Dockerfile": "FROM debian:12\nCOPY setup.sh /\nRUN /setup.sh\n", "setup.sh": text]
        #expect(places(try lint(files, ["Dockerfile"])).isEmpty != isRead)
    }

    /// The build's folder may be one above; no further than what is linted.
    @Test func `are looked for in the folders above, as far as those are linted`() throws {
        let files = [
            "docker/web/Dockerfile": "FROM debian:12\nCOPY scripts/setup.sh /\nRUN /setup.sh\n",
            "scripts/setup.sh": Self.setup,
        ]
        #expect(places(try lint(files, ["docker/web/Dockerfile"])) == ["scripts/setup.sh:3: IL004"])
        #expect(places(try lint(files, ["docker/web/Dockerfile"], above: 1)) == [])
    }

    @Test func `are told once, and set aside where they are`() throws {
        let dockerfile = "FROM debian:12\nCOPY setup.sh /\nRUN /setup.sh\n"
        var files = ["Dockerfile": dockerfile, "Dockerfile.dev": dockerfile, "setup.sh": Self.setup]
        #expect(places(try lint(files, ["Dockerfile", "Dockerfile.dev"])) == ["setup.sh:3: IL004"])
        let excuse = "# kiln-lint: ignore IL004 until=2027-01-01 reason=\"a snapshot is mounted\"\n"
        files["setup.sh"] = "#!/bin/sh\n\(excuse)apt-get install -y \\\n  curl\napt-get install -y wget\n"
        let report = try lint(files, ["Dockerfile"])
        #expect(places(report) == ["setup.sh:5: IL004"])
        #expect(report.entries(suppressed: true).map(\.line) == [4])
    }

    // MARK: Packer

    private static let source = "source \"qemu\" \"web\" {\n  vm_name = \"web-1\"\n}\n"

    @Test(arguments: [
        "script = \"scripts/setup.sh\"", "scripts = [\"nothing.sh\", \"./scripts/setup.sh\"]",
        "script = \"${path.root}/scripts/setup.sh\"",
    ])
    func `scripts of Packer's provisioners`(_ line: String) throws {
        let template =
            Self.source
            + "build {\n  sources = [\"source.qemu.web\"]\n  provisioner \"shell\" {\n    \(line)\n  }\n}\n"
        let files = ["image/web.pkr.hcl": template, "image/scripts/setup.sh": Self.setup]
        #expect(places(try lint(files, ["image/web.pkr.hcl"])) == ["image/scripts/setup.sh:3: IL004"])
    }

    @Test func `scripts of Packer's older templates; those that run here are not the image's`() throws {
        let template = """
            {"builders": [{"type": "qemu", "vm_name": "web-1"}], "provisioners": [
              {"type": "shell", "scripts": ["{{template_dir}}/setup.sh"]},
              {"type": "shell-local", "script": "here.sh"}]}
            """
        let files = ["web.json": template, "setup.sh": Self.setup, "here.sh": Self.setup]
        #expect(places(try lint(files, ["web.json"])) == ["setup.sh:3: IL004"])
    }

    @Test func `what a script cleans up is clean, and what none does is not`() throws {
        let template =
            Self.source
            + "build {\n  sources = [\"source.qemu.web\"]\n  provisioner \"shell\" {\n    script = \"clean.sh\"\n  }\n}\n"
        let clean =
            "#!/bin/sh\nrm -f /etc/ssh/ssh_host_* /root/.ssh/authorized_keys /root/.bash_history\ntruncate -s 0 /etc/machine-id\ncloud-init clean --logs\nrm -rf /var/log/*\n"
        func found(_ script: String?) throws -> [String] {
            var files = ["web.pkr.hcl": template]
            files["clean.sh"] = script
            return places(try lint(files, ["web.pkr.hcl"], rules: ["IL051"]))
        }
        #expect(try found(clean) == [])
        #expect(try found("#!/bin/sh\ntrue\n") == ["web.pkr.hcl:4: IL051"])
        // One that is not here may do it.
        #expect(try found(nil) == [])
        let tested = "#!/bin/sh\ngoss validate\n"
        let rest = try lint(["web.pkr.hcl": template, "clean.sh": tested], ["web.pkr.hcl"], rules: ["IL052"])
        #expect(rest.entries().map(\.finding.message) == ["no manifest or checksum is written"])
    }

    // MARK: GitLab

    private static let scan =
        "scan:\n  stage: test\n  script: [trivy image web, syft web]\nsign:\n  stage: .post\n  script: cosign sign web\n"
    private static let push =
        "push:\n  stage: deploy\n  script:\n    - docker push registry.example.org/web\n"

    private static let pipelines: [(files: [String: String], expected: [String])] = [
        // The file with the push is judged with the scan that another one has.
        ([".gitlab-ci.yml": "include: /ci/scan.yml\n" + push, "ci/scan.yml": scan], []),
        ([".gitlab-ci.yml": "include:\n  - local: ci/push.yml\n" + scan, "ci/push.yml": push], []),
        // Stages, not lines, say what comes first.
        ([".gitlab-ci.yml": push + scan], []),
        ([".gitlab-ci.yml": "stages: [deploy, test]\n" + push + scan], [".gitlab-ci.yml:5: IL060"]),
        ([".gitlab-ci.yml": "include: ci/push.yml\n", "ci/push.yml": push], ["ci/push.yml:4: IL060"]),
        // A template runs where a job takes it.
        (
            [
                ".gitlab-ci.yml": ".push:\n  script: docker push web\n" + scan
                    + "push:\n  stage: deploy\n  extends: .push\n"
            ],
            []
        ),
        (
            [
                ".gitlab-ci.yml":
                    ".push:\n  script: docker push web\npush:\n  stage: deploy\n  extends: [.push]\n"
            ],
            [".gitlab-ci.yml:2: IL060"]
        ),
        // What a job says itself counts, not what it extends.
        (
            [
                ".gitlab-ci.yml":
                    ".push:\n  script: docker push web\npush:\n  extends: .push\n  script: echo no\n"
            ], []
        ),
        (
            [
                "a/.gitlab-ci.yml": "include:\n  - local: one.yml\n", "a/one.yml": "include: two.yml\n",
                "a/two.yml": push,
            ],
            ["a/two.yml:4: IL060"]
        ),
        // Circles end.
        (
            [
                ".gitlab-ci.yml":
                    "include: .gitlab-ci.yml\n.a: {extends: .b}\n.b: {extends: .a}\njob: {extends: .a}\n"
            ], []
        ),
    ]

    @Test(arguments: pipelines)
    func `parts of a pipeline are judged as one`(_ files: [String: String], _ expected: [String]) throws {
        let asked = files.keys.filter { $0.hasSuffix(".gitlab-ci.yml") }
        #expect(places(try lint(files, asked, rules: ["IL060"])) == expected)
        // The same when the parts are among what is asked for.
        #expect(places(try lint(files, Array(files.keys), rules: ["IL060"])) == expected)
    }

    @Test func `a part of a pipeline is looked at like the rest`() throws {
        let files = [
            ".gitlab-ci.yml": "include: ci/deploy.yml\n",
            "ci/deploy.yml": "go:\n  script:\n    - ssh web reboot\n",
        ]
        #expect(places(try lint(files, [".gitlab-ci.yml"], rules: ["IL040"])) == ["ci/deploy.yml:3: IL040"])
    }
}
