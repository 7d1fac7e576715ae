import KilnSecrets
import Testing

@Suite struct `Files of credentials` {
    static let cases: [(path: String, text: String, found: [String])] = [
        (
            "etc/shadow",
            "root:*:19000:0:99999:7:::\nkim:$y$j9T$abcdefgh$ijklmnopqrstuvwxyz:19000:0:99999:7:::\nlocked:!$6$abc$defghijkl:1::::::\ndaemon:!:1::::::\n",
            ["password-hash kim 2"]
        ),
        ("etc/shadow-", "guest::19000:0:99999:7:::\n", ["empty-password guest 1"]),
        ("etc/gshadow", "adm:!::\nwheel:$6$saltsalt$hashhashhash::\nusers:::\n", ["password-hash wheel 2"]),
        ("srv/shadow", "kim:$6$abc$defghijklmnop:1::::::\n", []),
        (
            "srv/www/.htpasswd",
            "kim:$apr1$abcdefgh$ijklmnopqrstu\nada:{SHA}5baa61e4c9b93f3f0682250b6cf8331b\n",
            ["password-hash kim 1", "password-hash ada 2"]
        ),
        (
            "root/.netrc",
            "machine api.example.net login kim password c0rrect-horse\n# machine x password y\n",
            ["netrc-password api.example.net 1"]
        ),
        ("root/.netrc", "machine h\n  login password\n  password s3cr3t-thing\n", ["netrc-password h 3"]),
        (
            "root/.docker/config.json",
            #"{"auths": {"ghcr.io": {"auth": "a2ltOnRva2Vu"}, "quay.io": {}}, "credsStore": "pass"}"#,
            ["registry-login ghcr.io -"]
        ),
        (
            "root/.config/containers/auth.json", #"{"auths": {"r.io": {"identitytoken": "eyJh"}}}"#,
            ["registry-login r.io -"]
        ),
        ("opt/app/config.json", #"{"port": 8080, "auths": null}"#, []),
        (
            "root/.kube/config",
            "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: a\n  user:\n    client-key-data: TFMwdExTMUNSVWRKVGlCUVVrbFdRVlJG\n    token: \"\"\n",
            ["kubeconfig-credential client-key-data 7"]
        ),
        ("etc/app/config", "token: abcdef123\n", []),
        (
            "root/.npmrc",
            "//registry.npmjs.org/:_authToken=0f3b7a5e-9c1d-4e2f\nregistry=https://x\n//r/:_authToken=${NPM_TOKEN}\n",
            ["package-registry-login //registry.npmjs.org/:_authtoken 1"]
        ),
        (
            "root/.pypirc", "[pypi]\nusername = kim\npassword = hunter2go\n",
            ["package-registry-login password 3"]
        ),
        ("root/.my.cnf", "[client]\nuser=root\npassword=\"open sesame\"\n", ["database-password password 3"]),
        ("root/.pgpass", "# host:port\ndb:5432:shop:kim:wonderland\n", ["database-password 2 2"]),
        (
            "root/.git-credentials", "https://kim:gh0st-writer@github.com\nhttps://github.com\n",
            ["git-credential 1 1"]
        ),
        (
            "srv/app/.env",
            "# DB_PASSWORD=old-one\nexport DB_PASSWORD='s3same!open'\nAPI_KEY=abc123def456\nSECRET_FILE=/run/secrets/x\nTOKEN=${TOKEN}\nJWT_SECRET=changeme\nPORT=8080\nDATABASE_URL=postgres://kim:wonder1and@db/shop\nTOKEN_TTL=3600\nSESSION_SECRET=\n",
            [
                "environment-secret DB_PASSWORD 2", "environment-secret API_KEY 3",
                "environment-secret DATABASE_URL 8",
            ]
        ),
        ("srv/app/.env.example", "DB_PASSWORD=s3same!open\n", []),
        (
            "srv/app/production.env", "KEYCLOAK_ADMIN_PASSWORD=Adm1nistrator\n",
            ["environment-secret KEYCLOAK_ADMIN_PASSWORD 1"]
        ),
        ("etc/environment.d/a.conf", "DB_PASSWORD=s3same!open\n", []),
    ]

    @Test(arguments: cases)
    func `tell what is a credential in them and where`(_ path: String, _ text: String, _ expected: [String]) {
        let found = Tokens.found(text, at: path).map {
            "\($0.kind.rawValue) \($0.subject ?? "-") \($0.line.map(String.init) ?? "-")"
        }
        #expect(found == expected)
    }

    @Test func `never let what a person may have thought up be tried out`() throws {
        let one = try #require(Tokens.found("DB_PASSWORD=tuesday7\n", at: "srv/.env").first)
        let other = try #require(Tokens.found("DB_PASSWORD=wednesday8\n", at: "srv/.env").first)
        #expect(one.fingerprint == other.fingerprint)
        #expect(Tokens.found("DB_PASSWORD=tuesday7\n", at: "opt/.env").first?.fingerprint != one.fingerprint)
    }

    @Test func `and variables of an image are told by their names`() {
        let found = SecretScanner().findings(inEnvironment: [
            "PATH=/usr/bin", "DB_PASSWORD=s3same!open", "DB_PASSWORD_FILE=/run/secrets/db",
            "CI=gl" + "pat-" + Tokens.body(20), "EMPTY", "LOG_LEVEL=info",
        ])
        #expect(found.map(\.subject) == ["DB_PASSWORD", "CI"])
        #expect(found.map(\.kind) == [.environmentSecret, .gitlabToken])
    }
}
