import KilnAdopt
import Testing

@Suite struct `Choosing packages` {
    private static let packages = [
        ServerPackage("base-files", "12", priority: "required", isEssential: true, depends: [["awk"]]),
        ServerPackage("mawk", "1", priority: "required", provides: ["awk"]),
        ServerPackage("libc6", "2.36"),
        ServerPackage("apt", "2.6", priority: "important", depends: [["libc6"]]),
        ServerPackage("nano", "7", priority: "important"),
        ServerPackage("cron", "3", priority: "important", depends: [["cron-daemon-common"]]),
        ServerPackage("cron-daemon-common", "3", priority: "important"),
        ServerPackage(
            "nginx",
            "1.22",
            depends: [["nginx-common", "nginx-other"], ["libc6"]],
            recommends: [["certbot"]]
        ),
        ServerPackage("nginx-common", "1.22"), ServerPackage("certbot", "2", depends: [["python3"]]),
        ServerPackage("python3", "3.11"), ServerPackage("leftover", "1"),
        ServerPackage("old", "1", state: .configFiles),
        ServerPackage("half", "1", state: .broken("unpacked")),
    ]

    private static let automatic: Set<String> = [
        "libc6", "nginx-common", "certbot", "python3", "leftover", "cron-daemon-common",
    ]

    @Test func `what apt marks as automatic comes with what was chosen`() {
        let choice = PackageChoice(Self.packages, automatic: Self.automatic, needed: [])
        #expect(choice.isRecorded)
        #expect(choice.chosen.map(\.package.name) == ["certbot", "nginx"])
        #expect(choice.chosen.first?.why == "nginx recommends it")
        #expect(
            choice.standing(of: "nginx-common") == .dependency
                && choice.standing(of: "python3") == .dependency
        )
        #expect(["base-files", "mawk", "libc6", "apt"].allSatisfy { choice.standing(of: $0) == .minimal })
        #expect(choice.names(.stock) == ["cron", "cron-daemon-common", "nano"])
        #expect(choice.names(.orphan) == ["leftover"] && choice.names(.removed) == ["old"])
        #expect(choice.standing(of: "half") == .broken("unpacked"))
    }

    @Test func `a stock package that somebody configured is chosen`() {
        let choice = PackageChoice(Self.packages, automatic: Self.automatic, needed: ["cron"])
        #expect(choice.chosen.map(\.package.name) == ["certbot", "cron", "nginx"])
        #expect(choice.standing(of: "cron-daemon-common") == .dependency)
    }

    @Test(arguments: [nil, []] as [Set<String>?])
    func `without apt's record those count that nothing needs`(automatic: Set<String>?) {
        let choice = PackageChoice(Self.packages, automatic: automatic, needed: [])
        #expect(!choice.isRecorded)
        #expect(choice.chosen.map(\.package.name).contains("nginx"))
        #expect(choice.standing(of: "nginx-common") == .dependency)
    }
}

@Suite struct `Holding secrets back` {
    private let sieve = SecretSieve()

    @Test(arguments: [
        ("etc/app/app.conf", "db_host = x\ndb_password = Tr0ub4dor-and-3\n", 2),
        ("etc/app/app.yaml", "db:\n  password: \"Tr0ub4dor&3\"\n", 2),
        ("opt/app/settings.py", "DEBUG = False\nSECRET_KEY = 'k3-j2-h1-g0-f9-d8'\n", 2),
        ("var/www/wp-config.php", "<?php\ndefine( 'DB_PASSWORD', 'Tr0ub4dor&3' );\n", 2),
        ("etc/systemd/system/app.service", "[Service]\nEnvironment=\"DB_PASSWORD=Tr0ub4dor&3\"\n", 2),
        ("etc/redis/redis.conf", "bind 0.0.0.0\nrequirepass Tr0ub4dor3x\n", 2),
        ("etc/default/app", "export API_TOKEN=abcd-1234-efgh\n", 1),
        ("etc/app/x.json", "{\n \"clientSecret\": \"Zk29-dk3k-dkei\"\n}", 2),
        ("etc/app/url", "postgres://app:Tr0ub4dor3@db/app\n", 1),
        ("etc/tomcat/users.xml", "<password>Tr0ub4dor3</password>\n", 1),
        ("opt/app/.env", "A=1\nDB_PASSWORD=Tr0ub4dor3\n", 2),
    ])
    func `a password in configuration is found by its line`(path: String, text: String, line: Int) throws {
        let found = try #require(sieve.secrets(in: path, Array(text.utf8)).first)
        #expect(found.line == line && found.path == path)
        let told = "\(found)"
        #expect(!told.contains("Tr0ub4dor") && !told.contains("1234") && !told.contains("Zk29"))
    }

    @Test(arguments: [
        ("opt/app/app.py", "password = request.form['password']\ntoken = make_token(user)\n"),
        ("etc/app.conf", "# password = Tr0ub4dor3\npassword_file = /run/secrets/x\n"),
        ("etc/nginx/nginx.conf", "worker_processes auto;\nproxy_pass http://127.0.0.1:8000;\n"),
        ("etc/ssh/sshd_config", "PasswordAuthentication no\nPermitRootLogin no\n"),
        ("usr/local/lib/python3.11/dist-packages/x/auth.py", "password = 'Tr0ub4dor3'\n"),
        ("etc/app/README.md", "password: Tr0ub4dor3\n"),
        ("usr/local/bin/backup", "#!/bin/sh\nPASSWORD=$(cat /run/secrets/p)\ntoken=\"$1\"\n"),
        ("etc/pam.d/x", "password requisite pam_deny.so\n"),
        ("etc/nsswitch.conf", "passwd: files systemd\nshadow: files\n"),
    ])
    func `code, comments and references are no secrets`(path: String, text: String) {
        #expect(sieve.secrets(in: path, Array(text.utf8)).isEmpty)
    }
}
