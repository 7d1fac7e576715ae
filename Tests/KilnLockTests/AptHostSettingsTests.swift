import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnLock

@Suite struct `The machine's way to the archives` {
    private let settings = AptHostSettings(
        dump: """
            APT::Architecture amd64
            Acquire::Check-Valid-Until false
            Acquire::AllowInsecureRepositories true
            Acquire::http::Proxy http://proxy:3128/
            Acquire::http::Proxy::near.example DIRECT
            Acquire::https::Verify-Peer false
            Dir::Etc::netrc auth.conf
            Dir::Etc::netrcparts auth.conf.d
            """,
        etc: "/etc/apt"
    )

    @Test func `only proxies and the places of credentials are passed on`() {
        #expect(
            settings.configuration == [
                #"Acquire::http::Proxy "http://proxy:3128/";"#,
                #"Acquire::http::Proxy::near.example "DIRECT";"#,
                #"Dir::Etc::netrc "/etc/apt/auth.conf";"#,
                #"Dir::Etc::netrcparts "/etc/apt/auth.conf.d";"#,
            ]
        )
    }

    @Test(
        arguments: [
            ("http://far.example/x", "http://proxy:3128/"), ("https://far.example/x", "http://proxy:3128/"),
            ("http://near.example:80/x", "DIRECT"), ("file:/srv", nil),
        ] as [(String, String?)]
    )
    func `a URL's proxy is its host's, else its scheme's`(url: String, proxy: String?) {
        #expect(settings.proxy(for: url) == proxy)
    }

    @Test func `the machine's own files are read by apt itself`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("Acquire::http::Proxy \"http://u:p@proxy:1/\";\n", to: "apt/apt.conf.d/10proxy")
            try sandbox.write("machine http://h login me password secret\n", to: "apt/auth.conf")
            let settings = try await AptHost(etc: sandbox.path.appending("apt")).settings()
            #expect(settings.proxies == ["Acquire::http::Proxy": "http://u:p@proxy:1/"])
            #expect(AptCredentials(settings).login(for: "http://h/x") == "me:secret")
        }
    }

    private let credentials = AptCredentials(
        parsing: """
            # a note
            machine https.example login a password 1
            machine http://clear.example/debian login b password 2
            machine port.example:8443
              login c
              password 3
            """
    )

    @Test func `lines may end as on other systems`() {
        let text = "# a note\r\nmachine h.example login me password secret\r\n"
        #expect(AptCredentials(parsing: text).login(for: "https://h.example/x") == "me:secret")
    }

    @Test(
        arguments: [
            ("https://https.example/x", "a:1"), ("http://https.example/x", nil),
            ("http://clear.example/debian/pool", "b:2"), ("http://clear.example/other", nil),
            ("https://port.example:8443/x", "c:3"), ("https://port.example/x", nil), ("file:/x", nil),
        ] as [(String, String?)]
    )
    func `a login goes to the host, scheme and path that it was given for`(url: String, login: String?) {
        #expect(credentials.login(for: url) == login)
    }
}
