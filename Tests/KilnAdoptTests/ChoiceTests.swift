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
        ("etc/cron.d/dump", "0 3 * * * root mysqldump -uroot -pTr0ub4dor3 shop | gzip > /b.gz\n", 1),
        ("usr/local/bin/dump", "#!/bin/sh\nmysqldump \\\n  -uroot \\\n  -pTr0ub4dor3 shop\n", 4),
        ("usr/local/bin/ping", "docker exec -i db /usr/bin/mysqladmin ping -p'Tr0ub4dor&3'\n", 1),
        ("usr/local/bin/count", "n=$(mariadb -u app -pTr0ub4dor3 -e 'select 1')\n", 1),
        ("usr/local/bin/sync", "#!/bin/sh\n/opt/sync --db-password Tr0ub4dor3 --to /srv\n", 2),
        ("usr/local/bin/push", "push --to x --api-token 'abcd-1234-efgh'\n", 1),
        ("opt/app/dump.py", "import os\nos.system(\"mariadb-dump -uroot -pTr0ub4dor3 shop\")\n", 2),
        ("opt/app/dump.rb", "spawn(\"mysqldump\", \"-uroot\", \"-pTr0ub4dor3\")\n", 1),
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
        ("etc/app/x.json", "{\"required\":[\"mail\",\"password\",\"first-name\"]}"),
        ("usr/local/bin/ask", "mysql -u root -p shop\nmysqldump -uroot -p\"$PASSWORD\" shop\n"),
        ("usr/local/bin/ports", "docker run --name mysql -p3306:3306 mysql:8\nssh -p22022 mysql -p8022\n"),
        ("usr/local/bin/modes", "mkdir -pvm0700 /var/lib/mysql\nsystemctl show mysql -pActiveState\n"),
        ("usr/local/bin/say", "x --password \"$PASSWORD\" --password-file /run/x --token --secret id=npm\n"),
        ("usr/local/bin/args", "case $1 in\n--password) DB=\"$2\"; shift 2;;\n--token) shift;;\nesac\n"),
        ("usr/local/bin/log-in", "docker login --password-stdin ghcr.io\npg_dump --no-password shopdb\n"),
        ("usr/local/bin/add", "adduser --disabled-password deploy\necho 'x --password PASS'\n"),
        ("usr/local/bin/play", "play --ask-vault-pass site.yml\ndocker service --secret db_password x\n"),
        ("usr/local/bin/pipe", "mysqldump shop | nc -pAbcdef host; rsync -pogDt a mysql\n"),
    ])
    func `code, comments and references are no secrets`(path: String, text: String) {
        #expect(sieve.secrets(in: path, Array(text.utf8)).isEmpty)
    }

    /// A line as a tool writes it: of this many settings and blanks, then what is looked for, then more settings.
    private static func line(_ settings: Int, _ blanks: Int, _ part: String) -> [UInt8] {
        let others = String(repeating: "\"n\":1,", count: settings)
        let blank = String(repeating: " ", count: blanks)
        return Array("{\(others)\(blank)\(part),\(others)\"z\":{\"token\":null}}".utf8)
    }

    @Test(arguments: [0, 40, 600, 700, 20_000])
    func `a long line is looked through to its end`(settings: Int) throws {
        let line = Self.line(settings, 0, "\"password\":\"Tr0ub4dor-and-3\"")
        #expect(sieve.secrets(in: "etc/app/x.json", line).map(\.line) == [1])
        #expect(sieve.secrets(in: "etc/app/x.json", Self.line(settings, 0, "\"n\":2")).isEmpty)
    }

    @Test(arguments: stride(from: 0, to: 90, by: 13).map(\.self))
    func `where a long line is cut, nothing is missed and nothing made up`(blanks: Int) {
        // Across the end of a piece, and across the beginning of the next one.
        func found(_ part: String, in name: String = "x.json") -> Int {
            [331, 250].count { !sieve.secrets(in: "etc/app/\(name)", Self.line($0, blanks, part)).isEmpty }
        }
        #expect(found("\"password\":\"Tr0ub4dor-and-3\"") == 2)
        #expect(found("\"url\":\"postgres://app:Tr0ub4dor3@db/app\"") == 2)
        #expect(found("\"compass\":\"north-by-northwest\"") == 0)
        #expect(found("\"password\":\"${SHOP_PASSWORD}\"") == 0)
        #expect(found("\"password\":\"what-it-is-changeme\"") == 0)
        #expect(found("a password manager of many words", in: "x.conf") == 0)
        #expect(found("\"url\":\"http://a.example\",\"mail\":\"somebody@b.example\"") == 0)
    }
}
