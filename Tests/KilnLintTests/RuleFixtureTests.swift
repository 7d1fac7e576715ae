import KilnAdvisories
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnLint

/// The files of `Fixtures/ILxxx/{bad,good}`: each bad one breaks its rule, no good one breaks any.
enum RuleFixtures {
    static let today = CalendarDate(year: 2026, month: 11, day: 26)

    static func folder(_ rule: String, _ kind: String) -> FilePath {
        Golden.directory().removingLastComponent().appending("Fixtures").appending(rule).appending(kind)
    }

    static func inputs(_ rule: String, _ kind: String) throws -> [Linter.Input] {
        let folder = folder(rule, kind)
        let names = try Files.list(folder).sorted()
        return try names.filter { !$0.hasSuffix(".sh") }.map { name in
            let beside = Neighbours(names: names) { other in
                try? Files.read(folder.pushing(FilePath(other.replacing("./", with: ""))))
            }
            let source = LintSource(name: name, bytes: try Files.read(folder.appending(name)))
            return Linter.Input(source, neighbours: beside)
        }
    }

    static func lint(_ rule: String, _ kind: String) throws -> LintReport {
        var settings = LintSettings()
        settings.profile = .all
        settings.registries = rule == "IL029" ? ["registry.example.org"] : []
        return Linter(settings: settings, today: try #require(today)).lint(try inputs(rule, kind))
    }
}

@Suite struct `Each rule` {
    @Test(arguments: RuleTable.all.map(\.id))
    func `finds what its bad files have, in each of them`(rule: String) throws {
        let report = try RuleFixtures.lint(rule, "bad")
        #expect(report.problems.isEmpty, "\(report.problems)")
        #expect(!report.files.isEmpty)
        for file in report.files
        where !file.findings.contains(where: { $0.rule == rule && $0.suppression == nil }) {
            // A claim's own file, or a kustomization's, may be there for another.
            Issue.record(
                "\(rule) finds nothing in \(file.source.name): \(file.findings.map(\.message)), \(file.kinds)"
            )
        }
    }

    @Test(arguments: RuleTable.all.map(\.id))
    func `and all others are quiet about its good files`(rule: String) throws {
        let report = try RuleFixtures.lint(rule, "good")
        #expect(report.problems.isEmpty, "\(report.problems)")
        #expect(
            !report.files.isEmpty && report.files.allSatisfy { !$0.kinds.isEmpty },
            "\(report.files.map(\.skipped))"
        )
        let found = report.entries().map {
            "\($0.source.name):\($0.line): \($0.rule.id) \($0.finding.message)"
        }
        #expect(found.isEmpty)
    }

    @Test func `says why it matters and what to do, on a page of its own`() throws {
        #expect(Set(RuleTable.all.map(\.id)).count == RuleTable.all.count)
        for rule in RuleTable.all {
            #expect(!rule.title.isEmpty && rule.why.count > 40 && rule.remedy.count > 30, "\(rule.id)")
            #expect(!rule.kinds.isEmpty)
        }
        let page = Golden.project.appending("docs/lint.md")
        try Golden.expect(RulePage.render(), matches: page)
    }

    /// Places are those of the very words.
    @Test func `points at what it means`() throws {
        let expected: [(rule: String, file: String, text: String)] = [
            ("IL001", "Dockerfile", "debian:latest"), ("IL001", "Dockerfile", "nginx"),
            ("IL001", "Dockerfile", "alpine"),
            ("IL001", "deploy.yaml", "registry.example.org/web"), ("IL004", "Dockerfile", "curl"),
            ("IL006", "Dockerfile", "curl -fsSL https://get.example.org/install.sh"),
            ("IL007", "Dockerfile", "22"),
            ("IL008", "Dockerfile", "\"git pull && npm install && exec node app.js\""),
            ("IL022", "deploy.yaml", "/tmp"),
            ("IL040", "deploy.yml", "kubectl set image deployment/web web=web:2"),
            ("IL040", "main.tf", "remote-exec"), ("IL041", "main.tf", "apt-get install -y nginx"),
        ]
        for (rule, name, text) in expected {
            let report = try RuleFixtures.lint(rule, "bad")
            let file = try #require(report.files.first { $0.source.name == name })
            let places = file.findings.filter { $0.rule == rule }.map { file.source.text($0.range) }
            let isThere = places.contains { $0 == text || (text == "remote-exec" && $0.contains(text)) }
            #expect(isThere, "\(rule) \(name): \(places)")
        }
    }
}

@Suite struct `In-place changes` {
    private func findings(_ command: String) throws -> [String] {
        let text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          \(command)\n"
        let today = try #require(RuleFixtures.today)
        let report = Linter(today: today).lint([.init(LintSource(name: "ci.yml", text: text))])
        return report.entries().filter { $0.rule.id == "IL040" }.map { $0.source.text($0.finding.range) }
    }

    @Test(arguments: [
        "ssh web reboot", "ssh -i key -p 2222 deploy@web 'sudo systemctl restart app'",
        "sshpass -p x ssh web ls",
        "scp app.jar web:/srv", "rsync -az --delete dist/ deploy@web:/var/www", "sudo ssh web true",
        "ansible-playbook -i prod site.yml", "ansible all -m shell -a reboot", "kubectl exec -it web -- sh",
        "kubectl -n shop cp app.conf web-0:/etc/app.conf", "kubectl edit deploy/web",
        "kubectl patch deploy web -p '{}'",
        "kubectl --context prod set image deploy/web web=web:2", "kubectl debug web-0 --image=busybox",
        "docker exec web sh -c 'apt-get update'", "docker commit web web:fixed", "docker cp a.conf web:/etc/",
        "docker -H ssh://web exec web true", "docker compose exec web bash", "docker-compose exec web bash",
        "podman exec web true", "aws ssm send-command --document-name AWS-RunShellScript",
        "aws ecs execute-command --task x",
        "gcloud compute ssh web --command 'reboot'", "az vm run-command invoke -n web", "oc rsh web",
        "knife ssh web ls",
        "if true; then ssh web reboot; fi", "true && (cd x && scp a web:/b)",
        "for h in a b; do ssh $h reboot; done",
        "sh -c \"ssh web reboot\"", "bash -lc 'kubectl exec web -- true'", "OUT=$(ssh web uptime)",
        "timeout 30 ssh web reboot",
        "echo web | xargs -n 1 scp a web:/b", "ssh web <<'EOF'\n          reboot\n          EOF",
    ])
    func `are found by program and arguments`(command: String) throws {
        #expect(!(try findings(command)).isEmpty)
    }

    @Test(arguments: [
        "echo 'ssh web reboot'", "# ssh web reboot", "ssh-keygen -t ed25519", "ssh-keyscan web", "ssh -V",
        "ssh -T git@github.com",
        "scp -h", "cp a b", "rsync -a src/ dist/", "kubectl apply -f x.yaml", "kubectl get pods",
        "kubectl logs web",
        "kubectl cp web-0:/dump.sql dump.sql",
        "kubectl set image --dry-run=client deploy/web web=web:2 -o yaml",
        "kubectl rollout restart deploy/web", "docker build -t ssh .", "docker cp web:/out out",
        "docker run --rm exec",
        "ansible-playbook --check site.yml", "ansible-lint",
        "ansible-playbook -i localhost, -c local build.yml",
        "aws ssm get-parameter --name x", "gcloud compute instances list", "grep 'kubectl exec' docs",
        "git commit -m 'docker exec'",
        "cat <<EOF > notes\n          ssh web reboot\n          EOF", "ssh -N -L 5432:db:5432 bastion",
        "docker compose run --rm web exec",
    ])
    func `are not seen where there are none`(command: String) throws {
        #expect(try findings(command) == [])
    }
}
