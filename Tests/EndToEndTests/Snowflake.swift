import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// A server that somebody changed by hand: what was done to a fresh Debian, with ordinary tools, by people in a hurry.
struct Snowflake: Sendable, CustomTestStringConvertible {
    let name: String
    /// Run by a shell in the root.
    let changes: String
    /// Must be nowhere in what Kiln writes or says.
    var secrets: [String] = []
    /// Must be in the definition or its script.
    var expected: [String] = []
    /// Paths below `files/` that must be there, and that must not be.
    var copied: [String] = []
    var absent: [String] = []
    /// Whether the definition is baked, and held against the server.
    var isBaked = false
    var testDescription: String { name }

    static let isPossible =
        geteuid() == 0 && ExecutableSearch.find("mmdebstrap") != nil && ExecutableSearch.find("chroot") != nil

    static let all = [pages, python, database, machine, pruned, leaky, node]

    static let plain = Snowflake(
        name: "a program that was closed to all but root",
        changes:
            "chmod 0700 /usr/bin/chfn; truncate -s 8M /opt/sparse.img; echo end >> /opt/sparse.img; truncate -s 8M /opt/sparse.img"
    )

    static let pages = Snowflake(
        name: "nginx with an edited configuration",
        changes: """
            apt-get -qq install -y --no-install-recommends nginx-light
            sed -i 's/worker_connections 768/worker_connections 2048/' /etc/nginx/nginx.conf
            rm /etc/nginx/sites-enabled/default
            printf 'server { listen 8081; root /var/www/shop; }\\n' > /etc/nginx/sites-available/shop
            ln -s /etc/nginx/sites-available/shop /etc/nginx/sites-enabled/shop
            mkdir -p /var/www/shop/img && echo '<h1>shop</h1>' > /var/www/shop/index.html && echo x > /var/www/shop/img/a.svg
            chown -R www-data:www-data /var/www/shop && chmod 0640 /var/www/shop/index.html
            rm -rf /usr/share/doc/nginx-common
            apt-get -qq install -y --no-install-recommends libcap2-bin
            printf '#!/bin/sh\\n' > /usr/local/bin/gate && chmod 0755 /usr/local/bin/gate && setcap cap_net_bind_service+ep /usr/local/bin/gate
            echo visited > /var/log/nginx/access.log
            """,
        expected: [
            "- nginx-light", "differs from the package nginx-common", "/etc/nginx/sites-enabled/shop",
            "http: 8081",
            "rm -rf /usr/share/doc/nginx-common", "daemon off;",
            "setcap cap_net_bind_service=ep /usr/local/bin/gate",
            "rm -rf /etc/nginx/sites-enabled/default",
        ],
        copied: ["etc/nginx/nginx.conf", "etc/nginx/sites-available/shop", "var/www/shop/img/a.svg"],
        absent: ["var/log/nginx/access.log"],
        isBaked: true
    )

    static let python = Snowflake(
        name: "a Python application in an environment of its own",
        changes: """
            apt-get -qq install -y --no-install-recommends python3
            useradd --system --home /opt/shop --shell /usr/sbin/nologin shop
            mkdir -p /opt/shop /var/lib/shop && python3 -m venv --without-pip /opt/shop/venv
            site=$(echo /opt/shop/venv/lib/python3*/site-packages)
            mkdir -p $site/flask $site/Flask-3.0.0.dist-info
            echo 'name = "flask"' > $site/flask/__init__.py
            printf 'Metadata-Version: 2.1\\nName: Flask\\nVersion: 3.0.0\\n' > $site/Flask-3.0.0.dist-info/METADATA
            /opt/shop/venv/bin/python3 -c 'import flask'
            echo 'import flask' > /opt/shop/app.py && echo 3 > /var/lib/shop/orders && mkdir /opt/shop/uploads && echo p > /opt/shop/uploads/1.png
            chown -R shop:shop /opt/shop /var/lib/shop && chmod 0750 /opt/shop
            printf '[Unit]\\nAfter=network.target\\n[Service]\\nUser=shop\\nWorkingDirectory=/opt/shop\\nEnvironment=LOG_LEVEL=info\\nStateDirectory=shop\\nExecStart=/opt/shop/venv/bin/python3 app.py --port 8000\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/shop.service
            mkdir -p /etc/systemd/system/multi-user.target.wants && ln -s /etc/systemd/system/shop.service /etc/systemd/system/multi-user.target.wants/
            """,
        expected: [
            "- python3", "name: shop", "python packages in /opt/shop/venv", "Flask 3.0.0", "http: 8000",
            "LOG_LEVEL: info", "workdir: /opt/shop",
            "path: /var/lib/shop", "path: /opt/shop/uploads", "chmod 0750 /opt/shop",
        ],
        copied: ["opt/shop/app.py", "opt/shop/venv/bin/python3", "etc/systemd/system/shop.service"],
        absent: ["opt/shop/uploads/1.png", "var/lib/shop/orders"],
        isBaked: true
    )

    static let database = Snowflake(
        name: "a database with its state",
        changes: """
            useradd --system --home /var/lib/postgresql --shell /bin/bash postgres
            mkdir -p /var/lib/postgresql/15/main/base/1 /etc/postgresql/15/main /opt/pg/bin
            for n in $(seq 1 300); do head -c 8192 /dev/zero > /var/lib/postgresql/15/main/base/1/$n; done
            printf 'port = 5433\\nlisten_addresses = "*"\\n' > /etc/postgresql/15/main/postgresql.conf
            printf '#!/bin/sh\\n' > /opt/pg/bin/postgres && chmod 0755 /opt/pg/bin/postgres
            mkdir -p /data/exports && echo 1 > /data/exports/a.csv
            chown -R postgres:postgres /var/lib/postgresql /data && chmod 0700 /var/lib/postgresql/15/main
            printf '[Service]\\nUser=postgres\\nExecStart=/opt/pg/bin/postgres -D /var/lib/postgresql/15/main\\n' > /etc/systemd/system/postgresql.service
            mkdir -p /etc/systemd/system/multi-user.target.wants && ln -s /etc/systemd/system/postgresql.service /etc/systemd/system/multi-user.target.wants/
            """,
        expected: [
            "path: /var/lib/postgresql, volume: postgresql, access: exclusive", "path: /data", "5433",
            "user: postgres",
        ],
        copied: ["opt/pg/bin/postgres", "etc/postgresql/15/main/postgresql.conf"],
        absent: ["var/lib/postgresql/15/main/base/1/1", "data/exports/a.csv"]
    )

    static let machine = Snowflake(
        name: "cron, kernel settings and a tightened sshd",
        changes: """
            apt-get -qq install -y --no-install-recommends openssh-server cron
            sed -i 's/^#PermitRootLogin.*/PermitRootLogin no/; s/^#Port 22/Port 2222/' /etc/ssh/sshd_config
            echo 'net.core.somaxconn = 4096' > /etc/sysctl.d/90-shop.conf
            echo '0 3 * * * root /usr/local/bin/backup --all' > /etc/cron.d/backup
            printf '#!/bin/sh\\necho done\\n' > /usr/local/bin/backup && chmod 0755 /usr/local/bin/backup
            useradd --create-home --shell /bin/bash alice && echo 'ls' > /home/alice/.bash_history
            mkdir -p /var/spool/cron/crontabs && echo '*/5 * * * * true' > /var/spool/cron/crontabs/alice
            ln -s /dev/null /etc/systemd/system/apt-daily.timer
            echo Europe/Berlin > /etc/timezone
            """,
        expected: [
            "net.core.somaxconn=4096", "/etc/cron.d/backup:1", "etc/ssh/sshd_config",
            "/var/spool/cron/crontabs/alice:1",
        ],
        copied: ["etc/ssh/sshd_config", "etc/sysctl.d/90-shop.conf", "usr/local/bin/backup", "etc/timezone"],
        absent: ["etc/ssh/ssh_host_rsa_key", "home/alice/.bash_history"]
    )

    static let pruned = Snowflake(
        name: "files of packages deleted, tools built by hand, odd files",
        changes: """
            find /usr/share/doc -type f -delete; rm -rf /usr/share/man/man1
            printf 'ELF' > /usr/local/bin/tool && ln /usr/local/bin/tool /usr/local/bin/tool2 && chmod 4755 /usr/local/bin/tool
            groupadd ops && chgrp ops /usr/local/bin/tool && chmod 4750 /usr/local/bin/tool
            mkdir -p /opt/odd/empty && truncate -s 200M /opt/odd/sparse.img && mkfifo /opt/odd/pipe
            ln -s loop /opt/odd/loop && ln -s ../odd/here '/opt/odd/a name with $(x) and ümlaut'
            echo text > '/opt/odd/it'"'"'s here' && chmod 0600 "/opt/odd/it's here"
            chmod 0700 /usr/bin/chfn && echo hand > /usr/lib/hand.so
            mknod /opt/odd/null c 1 3
            """,
        expected: ["removed.txt", "groupadd", "mkfifo /opt/odd/pipe", "chown -h root:ops"],
        copied: ["usr/local/bin/tool", "opt/odd/sparse.img", "opt/odd/it's here", "usr/lib/hand.so"],
        absent: ["opt/odd/null"]
    )

    static let leaky = Snowflake(
        name: "secrets everywhere, and a package from the security archive",
        changes: """
            apt-get -qq install -y --no-install-recommends openssl
            mkdir -p /opt/pay/keys /etc/pay /etc/cron.d
            printf 'LOG=1\\nDB_PASSWORD=cr3w-Quartz-81\\n' > /opt/pay/.env
            printf 'db:\\n  user: pay\\n  password: v1olet-Harbor-22\\n' > /etc/pay/pay.yaml
            printf '[Service]\\nUser=www-data\\nEnvironment="API_TOKEN=br1sk-Falcon-93"\\nExecStart=/opt/pay/run --db-password=m1nt-Anchor-47\\n' > /etc/systemd/system/pay.service
            mkdir -p /etc/systemd/system/multi-user.target.wants && ln -s /etc/systemd/system/pay.service /etc/systemd/system/multi-user.target.wants/
            printf '#!/bin/sh\\n' > /opt/pay/run && chmod 0755 /opt/pay/run
            openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /opt/pay/keys/pay.pem 2>/dev/null || openssl genpkey -algorithm RSA -out /opt/pay/keys/pay.pem 2>/dev/null
            echo '0 4 * * * root curl -u pay:fr0st-Meadow-65 --password=fr0st-Meadow-65 http://x' > /etc/cron.d/pay
            echo 'deb https://pay:gl4cier-Sonnet-18@deb.example.org/pay stable main' > /etc/apt/sources.list.d/pay.list.off
            echo 'postgres://pay:h4zel-Lantern-56@db/pay' > /etc/pay/url
            useradd bob && echo 'bob:s1lver-Thicket-74' | chpasswd
            mkdir -p /root/.ssh && cp /opt/pay/keys/pay.pem /root/.ssh/id_rsa
            """,
        secrets: [
            "cr3w-Quartz-81", "v1olet-Harbor-22", "br1sk-Falcon-93", "m1nt-Anchor-47", "fr0st-Meadow-65",
            "gl4cier-Sonnet-18", "h4zel-Lantern-56",
            "s1lver-Thicket-74", "BEGIN PRIVATE KEY", "$y$",
        ],
        expected: [
            "- openssl", "target: /opt/pay/.env", "target: /opt/pay/keys/pay.pem", "SECRET-LEFT-OUT",
            "API_TOKEN, which is a credential",
        ],
        copied: ["opt/pay/run"],
        absent: [
            "opt/pay/.env", "etc/pay/pay.yaml", "etc/systemd/system/pay.service", "root/.ssh/id_rsa",
            "etc/cron.d/pay", "etc/pay/url",
        ]
    )

    static let node = Snowflake(
        name: "a Node application with a runtime unpacked by hand",
        changes: """
            mkdir -p /opt/node/bin /srv/api/node_modules/express/lib /srv/api/.git /srv/api/logs
            printf '#!/bin/sh\\n' > /opt/node/bin/node && chmod 0755 /opt/node/bin/node && ln -s /opt/node/bin/node /usr/local/bin/node
            printf '{"name": "express", "version": "4.18.2"}' > /srv/api/node_modules/express/package.json
            echo 'x' > /srv/api/node_modules/express/lib/index.js && echo 'require("express")' > /srv/api/server.js
            echo ref > /srv/api/.git/HEAD && echo l > /srv/api/logs/out.log
            useradd --uid 2001 deploy && chown -R deploy:deploy /srv/api
            printf '[Service]\\nUser=deploy\\nWorkingDirectory=/srv/api\\nEnvironment=PORT=3000 NODE_ENV=production\\nExecStart=/usr/local/bin/node server.js\\n' > /etc/systemd/system/api.service
            mkdir -p /etc/systemd/system/multi-user.target.wants && ln -s /etc/systemd/system/api.service /etc/systemd/system/multi-user.target.wants/
            """,
        expected: [
            "npm packages in /srv/api/node_modules: express 4.18.2", "http: 3000", "uid: 2001",
            "ln -sfn /opt/node/bin/node /usr/local/bin/node",
        ],
        copied: ["srv/api/server.js", "opt/node/bin/node", "srv/api/node_modules/express/package.json"],
        absent: ["srv/api/.git/HEAD", "srv/api/logs/out.log"]
    )
}

/// A fresh Debian that all tests of a suite change, each above an overlay of its own.
struct DebianRoot: SuiteTrait, TestScoping {
    @TaskLocal static var path: FilePath = ""

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard Snowflake.isPossible else { return try await function() }
        try await Sandbox.with { sandbox in
            let root = sandbox.path.appending("debian")
            let sources =
                try Files.list("/etc/apt/sources.list.d").filter {
                    $0.hasSuffix(".sources") || $0.hasSuffix(".list")
                }
                .map { "/etc/apt/sources.list.d/" + $0 }
                + (Files.exists("/etc/apt/sources.list") ? ["/etc/apt/sources.list"] : [])
            try await ToolRunner().run(
                ToolInvocation(
                    "mmdebstrap",
                    [
                        "--quiet", "--mode=root", "--variant=apt", "--skip=cleanup/apt", "bookworm",
                        root.string,
                    ] + sources
                )
            )
            try Files.write("#!/bin/sh\nexit 101\n", to: root.appending("usr/sbin/policy-rc.d"), mode: 0o755)
            try await Self.$path.withValue(root) { try await function() }
        }
    }

    /// The root with the snowflake's changes, in a sandbox.
    static func make(_ snowflake: Snowflake, in sandbox: Sandbox) async throws -> FilePath {
        let parts = ["upper", "work", "root"].map { sandbox.path.appending($0) }
        for part in parts { try Files.createDirectory(part) }
        let root = parts[2]
        try await ToolRunner().run(
            ToolInvocation(
                "mount",
                [
                    "-t", "overlay", "overlay", "-o",
                    "lowerdir=\(path),upperdir=\(parts[0]),workdir=\(parts[1])", root.string,
                ]
            )
        )
        try await ToolRunner().run(
            ToolInvocation(
                "chroot",
                [
                    root.string, "/bin/sh", "-e", "-c",
                    "export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8; \(snowflake.changes)",
                ]
            )
        )
        // Of the tests, and no part of the snowflake.
        for own in ["usr/sbin/policy-rc.d"] { try Files.remove(root.pushing(FilePath(own))) }
        return root
    }
}
