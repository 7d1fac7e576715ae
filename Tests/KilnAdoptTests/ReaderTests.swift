import KilnAdopt
import Testing

@Suite struct `Reading a server's records` {
    @Test func `dpkg's status gives packages, their relations and configuration files`() throws {
        let text = """
            Package: nginx
            Essential: yes
            Status: install ok installed
            Priority: optional
            Version: 1.22.1-9
            Architecture: amd64
            Depends: libc6 (>= 2.34), nginx-common (= 1.22.1-9) | nginx-other:any [amd64], foo <!nocheck>
            Pre-Depends: dpkg
            Recommends: x, y | z
            Provides: httpd (= 1)
            Conffiles:
             /etc/nginx/nginx.conf d41d8cd98f00b204e9800998ecf8427e
             /etc/old 0cc175b9c0f1b6a831c399e269772661 obsolete
             /etc/new newconffile
            Description: a server
             with: a colon
             .
             more

            Package: gone
            Status: deinstall ok config-files
            Version: 1

            Package: half
            Status: install reinstreq half-installed
            Version: 2

            Package: UPPER
            Status: install ok installed
            Version: 1

            Package: never
            Status: purge ok not-installed

            nonsense
            """
        let result = DpkgStatusReader.read(Array(text.utf8))
        #expect(result.packages.map(\.name) == ["nginx", "gone", "half"])
        #expect(result.damaged == 1)
        let nginx = try #require(result.packages.first)
        #expect(
            nginx.depends == [["dpkg"], ["libc6"], ["nginx-common", "nginx-other"], ["foo"]]
        )
        #expect(nginx.recommends == [["x"], ["y", "z"]] && nginx.provides == ["httpd"] && nginx.isEssential)
        #expect(nginx.conffiles.map(\.path) == ["etc/nginx/nginx.conf", "etc/old"])
        #expect(nginx.conffiles.map(\.isObsolete) == [false, true])
        #expect(nginx.conffiles[0].md5 == MD5(of: []))
        #expect(
            result.packages[1].state == .configFiles && result.packages[2].state == .broken("half-installed")
        )
    }

    @Test func `apt's record gives what was installed automatically`() {
        let text = "Package: a\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: b\nAuto-Installed: 0\n"
        #expect(ExtendedStatesReader.read(Array(text.utf8)) == ["a"])
    }

    @Test func `account files give users, groups and who has a password, never the password`() {
        let passwd =
            "root:x:0:0:root:/root:/bin/bash\n+nis\n#no\nbad line\napp:x:x:1::/:/bin/sh\nshop:x:999:998:Shop:/opt/shop:/usr/sbin/nologin\n"
        let users = AccountReader.users(Array(passwd.utf8))
        #expect(
            users.map(\.name) == ["root", "shop"] && users[1].gid == 998 && !users[1].hasShell
                && users[0].hasShell
        )
        let groups = AccountReader.groups(Array("adm:x:4:syslog,shop,$(x)\n".utf8))
        #expect(groups.map(\.members) == [["syslog", "shop"]])
        let shadow = "root:*:1::\nshop:!$6$abc:1::\nalice:$6$secret:1::\nopen::1::\n"
        #expect(AccountReader.usersWithPasswords(Array(shadow.utf8)) == ["alice"])
    }

    @Test func `sources give archives in both forms, and no login`() {
        let one = """
            # deb http://commented.example/debian x main
            deb [arch=amd64 signed-by=/etc/apt/keyrings/a.gpg] https://user:pass@deb.example.org/debian bookworm main contrib # why
            deb-src http://deb.example.org/debian bookworm main
            deb
            """
        let found = AptSourceReader.read(Array(one.utf8), file: "etc/apt/sources.list")
        #expect(found.map(\.url) == ["https://deb.example.org/debian"] && found[0].hadLogin)
        #expect(
            found[0].components == ["main", "contrib"] && found[0].signedBy == ["/etc/apt/keyrings/a.gpg"]
        )
        let deb822 = """
            # a comment
            Types: deb deb-src
            URIs: http://a.example/debian http://b.example/debian
            # in between
            Suites: bookworm bookworm-updates
            Components: main
            Signed-By: /usr/share/keyrings/x.gpg

            Types: deb
            Enabled: no
            URIs: http://c.example
            Suites: x
            """
        let both = AptSourceReader.read(Array(deb822.utf8), file: "etc/apt/sources.list.d/debian.sources")
        #expect(both.map(\.url) == ["http://a.example/debian", "http://b.example/debian"])
        #expect(both.first?.suites == ["bookworm", "bookworm-updates"] && both.first?.hadLogin == false)
    }

    @Test func `units are read with drop-ins, continued lines, comments and quotes`() {
        var unit = UnitFile(
            Array(
                """
                [Service]
                ExecStart=/opt/app/run --name "two words" \\
                # a comment in between
                  --port 8000
                Environment=A=1 "B=2 3"
                User=app
                ; another
                """.utf8
            )
        )
        unit.add(Array("[Service]\nExecStart=\nExecStart=/opt/app/other 'x y'\nNothing\n".utf8))
        #expect(unit.all("Service", "ExecStart") == ["/opt/app/other 'x y'"])
        #expect(unit.words("Service", "Environment") == ["A=1", "B=2 3"])
        #expect(UnitFile.split(#"/bin/x "a b" c\ d e"f"g '' "#) == ["/bin/x", "a b", "c d", "efg", ""])
        let first = UnitFile(Array("[Service]\nExecStart=/a \\\n  b\n".utf8))
        #expect(first.last("Service", "ExecStart").map(UnitFile.split) == ["/a", "b"])
    }

    @Test func `crontabs give jobs, of the system with their users`() {
        let text = """
            # m h dom mon dow user command
            SHELL=/bin/sh
            PATH = /usr/bin:/bin
            17 * * * * root cd / && run-parts --report /etc/cron.hourly
            @daily backup /usr/local/bin/backup --all
            */5 1-3 * * mon,tue app   /opt/x
            * * * *
            """
        let jobs = CronReader.read(Array(text.utf8), file: "etc/crontab", user: nil)
        #expect(jobs.map(\.user) == ["root", "backup", "app"] && jobs.map(\.line) == [4, 5, 6])
        #expect(
            jobs[0].command == "cd / && run-parts --report /etc/cron.hourly"
                && jobs[2].schedule == "*/5 1-3 * * mon,tue"
        )
        let own = CronReader.read(
            Array("0 4 * * * tidy up\n".utf8),
            file: "var/spool/cron/crontabs/app",
            user: "app"
        )
        #expect(own.map(\.command) == ["tidy up"] && own[0].user == "app")
    }

    @Test func `kernel settings are keys and values`() {
        let found = SysctlReader.read(
            Array("# no\nnet.core.somaxconn = 1024\n-vm.swappiness=10\n;x=1\nbad\n".utf8),
            file: "f"
        )
        #expect(
            found.map(\.key) == ["net.core.somaxconn", "vm.swappiness"]
                && found.map(\.value) == ["1024", "10"]
        )
    }

    @Test(
        arguments: [
            (
                "etc/nginx/sites-enabled/a",
                "server { listen 80 default_server; listen [::]:443 ssl;\n # listen 9;\n listen unix:/x; }",
                [80, 443]
            ),
            (
                "etc/apache2/ports.conf", "Listen 8080\n<IfModule x>\n  Listen 10.0.0.1:443\n</IfModule>",
                [8080, 443]
            ),
            ("etc/haproxy/haproxy.cfg", "frontend a\n  bind *:80,:81\n  bind /run/x.sock\n", [80, 81]),
            ("etc/ssh/sshd_config", "#Port 22\nPort 2222\nListenAddress 0.0.0.0\n", [2222]),
            ("etc/redis/redis.conf", "port 6380\n", [6380]),
            ("etc/postgresql/15/main/postgresql.conf", "#port = 5432\nport = 5433\t# x\n", [5433]),
            (
                "etc/systemd/system/x.socket", "[Socket]\nListenStream=0.0.0.0:7000\nListenStream=/run/x\n",
                [7000]
            ),
            ("etc/other", "listen 80;", []),
        ] as [(String, String, [UInt16])]
    )
    func `servers' configuration tells where they listen`(path: String, text: String, ports: [UInt16]) {
        #expect(ListenReader.read(path, Array(text.utf8)).map(\.port) == ports)
    }

    @Test func `the kernel's table gives ports that are listened on`() {
        let text = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1
               1: 0100007F:1F91 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 12346 1
               junk
            """
        let found = ProcNetReader.listening(Array(text.utf8), isSix: false)
        #expect(
            found.map(\.port) == [8080] && found.first?.address == "127.0.0.1" && found.first?.inode == 12345
        )
    }

    @Test(arguments: 0..<40)
    func `no reader breaks on damaged bytes`(seed: UInt64) {
        var noise = Noise(seed: seed)
        let samples = [
            "Package: a\nStatus: install ok installed\nVersion: 1\nDepends: b (>= 1) | c\nConffiles:\n /etc/a d41d8cd98f00b204e9800998ecf8427e\n\n",
            "root:x:0:0:root:/root:/bin/bash\napp:x:1:1::/:\n", "17 * * * * root run\n@daily a b\n",
            "[Unit]\nA=b\\\nc\n[Service]\nExecStart=\"x' y\n",
            "deb [a=b] http://x y z\nTypes: deb\nURIs: a\nSuites: b\n\n",
            "listen 80;\nport = 5\nbind *:1,2\n",
            "  sl\n 0: 0100007F:1F90 00000000:0000 0A 0 0 0 0 0 1 1\n",
            "d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\n",
        ]
        for _ in 0..<60 {
            let bytes = noise.mutated(samples)
            _ = DpkgStatusReader.read(bytes)
            _ = ExtendedStatesReader.read(bytes)
            _ = AccountReader.users(bytes)
            _ = AccountReader.groups(bytes)
            _ = AccountReader.usersWithPasswords(bytes)
            _ = CronReader.read(bytes, file: "f", user: nil)
            _ = CronReader.read(bytes, file: "f", user: "u")
            _ = SysctlReader.read(bytes, file: "f")
            _ = UnitFile(bytes).words("Service", "ExecStart")
            _ = AptSourceReader.read(bytes, file: "a.list")
            _ = AptSourceReader.read(bytes, file: "a.sources")
            _ = ProcNetReader.listening(bytes, isSix: seed % 2 == 0)
            for path in ["etc/nginx/a", "etc/apache2/a", "etc/haproxy/a", "etc/ssh/sshd_config", "x.socket"] {
                _ = ListenReader.read(path, bytes)
            }
            _ = SecretSieve().secrets(in: "etc/app.conf", bytes)
        }
    }
}

/// Bytes of chance, the same for the same seed.
struct Noise {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    /// Parts of the samples, cut, doubled, with bytes changed.
    mutating func mutated(_ samples: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<(1 + next() % 4) {
            let sample = Array(samples[Int(next() % UInt64(samples.count))].utf8)
            let cut = Int(next() % UInt64(sample.count + 1))
            bytes += sample[..<cut]
            if next() % 2 == 0 { bytes += sample[cut...] }
        }
        for _ in 0..<(next() % 12) where !bytes.isEmpty {
            bytes[Int(next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: next())
        }
        return bytes
    }
}
