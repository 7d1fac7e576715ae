import Glibc
import KilnDefinition
import KilnFleet
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnPlatformLocal

/// Certificates made by the tool that people make theirs with.
private struct Authority {
    let folder: FilePath

    init(_ sandbox: Sandbox) { folder = sandbox.path }

    /// A certificate that signs itself, for localhost; returns the paths of both files.
    @discardableResult
    func make(_ name: String, days: Int = 90) async throws -> (certificate: String, key: String) {
        let (certificate, key) = ("\(folder)/\(name).pem", "\(folder)/\(name).key")
        try await ToolRunner().run(
            ToolInvocation(
                "openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout",
                    key, "-out", certificate, "-days", "\(days)", "-subj", "/CN=\(name)", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1",
                ]
            )
        )
        return (certificate, key)
    }

    /// Puts another pair in the place of one.
    func replace(_ name: String, by other: String) throws {
        for suffix in ["pem", "key"] {
            try Files.write(
                try Files.readText(folder.appending("\(other).\(suffix)")),
                to: folder.appending("\(name).\(suffix)")
            )
        }
    }
}

private func curl(_ arguments: [String]) async throws -> String {
    try await ToolRunner().runUnchecked(
        ToolInvocation("curl", ["-s", "-m", "10", "-w", " %{http_code}"] + arguments)
    ).text
}

private func address() throws -> ListenAddress {
    ListenAddress(address: "127.0.0.1", port: try FreePort.find())
}

extension LocalFleet {
    /// As a reboot leaves it: no process, and nothing in memory.
    fileprivate func forgetBalancer() async throws {
        try await BalancerProcess(paths: paths, runner: ToolRunner()).stop()
        try ListenerFolder(path: paths.certificates).remove()
    }

    /// The fleet's own listener, and these.
    fileprivate func with(_ listeners: Listener...) throws -> FleetSettings {
        var more = settings
        more.listen = Listeners(try #require(settings.listen).all + listeners)
        return more
    }

    /// With a second port that sends back what it gets.
    fileprivate func startEcho(_ suffix: String) async throws -> InstanceID {
        let script = "nc -ll -p 9000 -e cat & exec /bin/sh /srv/start"
        let image = try await image(entrypoint: ["/bin/sh", "-c", script])
        return try await start(suffix) {
            $0.image = image
            $0.ports = ["http": 8080, "echo": 9000]
        }.spec.id
    }

    /// The name of the certificate that is shown.
    fileprivate func subject(_ address: ListenAddress) async throws -> String {
        let output = try await ToolRunner().runUnchecked(
            ToolInvocation(
                "sh",
                ["-c", "openssl s_client -connect \(address) </dev/null 2>/dev/null | grep ^subject"]
            )
        )
        return output.text.filter { !$0.isWhitespace }
    }
}

@Suite struct `Several ports` {
    @Test func `each leads to its own, a redirect to https, and clients cannot say who they are`()
        async throws
    {
        try await LocalFleet.with { fleet, sandbox in
            let pair = try await Authority(sandbox).make("one")
            let (secure, plain, echo) = (try address(), try address(), try address())
            let tls = ListenerTLS(certificate: pair.certificate, key: pair.key)
            let settings = try fleet.with(
                Listener(secure, tls: tls),
                Listener(plain, redirects: true),
                Listener(echo, port: .name("echo"), mode: .tcp)
            )
            try await fleet.platform.converge(settings, token: fleet.token)
            let id = try await fleet.startEcho("aaaa")
            try await fleet.platform.route(id, of: fleet.name, token: fleet.token)
            #expect(try await fleet.get() == "hello\n 200")
            let trusted = ["--cacert", pair.certificate]
            #expect(
                try await curl(trusted + ["https://localhost:\(secure.port)/index.html"]) == "hello\n 200"
            )
            let version = try await curl(
                trusted + ["-o", "/dev/null", "-w", " %{http_version}", "https://localhost:\(secure.port)/"]
            )
            #expect(version.hasSuffix(" 2"))
            let answer = try await curl([
                "-o", "/dev/null", "-w", " %{redirect_url}", "http://localhost:\(plain.port)/a?b",
            ])
            #expect(answer == " https://localhost:\(secure.port)/a?b")
            let echoed = try await ToolRunner().runUnchecked(
                ToolInvocation("sh", ["-c", "echo hi there | socat -t 5 - TCP:\(echo)"])
            )
            #expect(echoed.text == "hi there\n")
            // Counted once each, whatever the listener.
            let counted = try await fleet.platform.counters(of: fleet.name)
            #expect(counted.counts.values.compactMap { $0[id]?.requests }.reduce(0, +) == 3)
            #expect(Files.facts(fleet.paths.certificates)?.mode == 0o700)
            // One listener less: the others go on.
            let load = try Load.start(fleet, sandbox)
            try await fleet.converge()
            #expect(try await curl(["-k", "https://localhost:\(secure.port)/"]) == " 000")
            #expect(try await load.stop().failed == [])
            #expect(
                !Files.exists(fleet.paths.certificates.removingLastComponent()),
                "nothing is kept of what nobody needs"
            )
        }
    }

    @Test func `a long connection to the second port is waited for while the instance drains`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let echo = try address()
            let settings = try fleet.with(Listener(echo, port: .name("echo"), mode: .tcp))
            try await fleet.platform.converge(settings, token: fleet.token)
            let id = try await fleet.startEcho("aaaa")
            try await fleet.platform.route(id, of: fleet.name, token: fleet.token)
            let client = try await Background.start(
                ["socat", "EXEC:sleep 600", "TCP:\(echo)"],
                sandbox
            )
            try await eventually("the connection is open") {
                try await fleet.tellBalancer("show stat").contains("instances-tcp-echo,\(id),0,0,1,")
            }
            try await fleet.platform.drain(id, of: fleet.name, token: fleet.token)
            #expect(try await fleet.observe(id).traffic == .draining(sessions: 1))
            client.signal(SIGKILL)
            try await eventually("nothing is under way") {
                try await fleet.observe(id).traffic == .draining(sessions: 0)
            }
            try await fleet.platform.detach(id, of: fleet.name, token: fleet.token)
            #expect(try await fleet.observe(id).traffic == .none)
        }
    }
}

@Suite struct `A listener's certificate` {
    @Test func `is renewed without a failed request, and a bad one changes nothing`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let authority = Authority(sandbox)
            let pair = try await authority.make("shown")
            try await authority.make("two", days: 60)
            let secure = try address()
            let tls = ListenerTLS(certificate: pair.certificate, key: pair.key)
            let settings = try fleet.with(Listener(secure, tls: tls))
            try await fleet.platform.converge(settings, token: fleet.token)
            try await fleet.start("aaaa", routed: true)
            let before = await fleet.platform.certificates(of: settings)
            #expect(await fleet.platform.hasNewCertificates(settings) == false)
            let load = try Load.start(fleet, sandbox)
            try authority.replace("shown", by: "two")
            #expect(await fleet.platform.hasNewCertificates(settings))
            let news = try await fleet.platform.renewCertificates(settings, token: fleet.token)
            #expect(news.map(\.address) == [secure])
            #expect(try await fleet.subject(secure) == "subject=CN=two")
            #expect(try await load.stop().failed == [])
            let after = await fleet.platform.certificates(of: settings)
            #expect(after.map(\.address) == ["\(secure)"])
            let ends = (try #require(before.first?.expires), try #require(after.first?.expires))
            #expect(ends.1 < ends.0)

            // A key of another certificate.
            try await authority.make("three")
            try Files.write(try Files.readText(FilePath("\(sandbox.path)/three.key")), to: FilePath(pair.key))
            #expect(await fleet.platform.hasNewCertificates(settings))
            let refused = try await fleet.platform.renewCertificates(settings, token: fleet.token)
            #expect(
                refused.first?.message.contains("inconsistencies between private key and certificate") == true
            )
            #expect(await fleet.platform.hasNewCertificates(settings) == false, "told once")
            await #expect(throws: LocalPlatformError.self) { try await fleet.platform.check(settings) }
            #expect(try await fleet.subject(secure) == "subject=CN=two")

            // A balancer that died comes back with what was shown last, whatever the files hold.
            let balancer = BalancerProcess(paths: fleet.paths, runner: ToolRunner())
            try #require(try await balancer.running()).signal(SIGKILL)
            try await fleet.platform.converge(settings, token: fleet.token)
            #expect(try await fleet.subject(secure) == "subject=CN=two")
        }
    }

    @Test func `that is gone after a reboot closes its listener alone, until it is back`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let pair = try await Authority(sandbox).make("one")
            let text = try Files.readText(FilePath(pair.certificate))
            let (secure, plain) = (try address(), try address())
            let tls = ListenerTLS(certificate: pair.certificate, key: pair.key)
            let settings = try fleet.with(Listener(secure, tls: tls), Listener(plain))
            try await fleet.platform.converge(settings, token: fleet.token)
            try await fleet.start("aaaa", routed: true)

            try Files.remove(FilePath(pair.certificate))
            try await fleet.forgetBalancer()
            try await fleet.platform.converge(settings, token: fleet.token)
            #expect(try await curl(["http://localhost:\(plain.port)/index.html"]) == "hello\n 200")
            #expect(try await curl(["-k", "https://localhost:\(secure.port)/"]) == " 000")
            let news = try await fleet.platform.renewCertificates(settings, token: fleet.token)
            #expect(news.first?.message.contains("\(secure) stays closed") == true)
            let again = try await fleet.platform.renewCertificates(settings, token: fleet.token)
            #expect(again == [], "told once")
            let seen = await fleet.platform.certificates(of: settings)
            #expect(seen.map(\.expires) == [nil])
            #expect(seen.first?.trouble?.contains("there is no file") == true)
            #expect(try await fleet.drift() == [], "it is not asked to be open")

            try Files.write(text, to: FilePath(pair.certificate))
            #expect(await fleet.platform.hasNewCertificates(settings))
            try await fleet.platform.converge(settings, token: fleet.token)
            #expect(try await curl(["-k", "https://localhost:\(secure.port)/index.html"]) == "hello\n 200")
            #expect(await fleet.platform.certificates(of: settings).map(\.trouble) == [nil])
        }
    }

    @Test func `that is not valid yet is shown once it is`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let authority = Authority(sandbox)
            let pair = try await authority.make("shown")
            let secure = try address()
            let settings = try fleet.with(
                Listener(secure, tls: ListenerTLS(certificate: pair.certificate, key: pair.key))
            )
            try await fleet.platform.converge(settings, token: fleet.token)
            try await authority.make("two")
            try authority.replace("shown", by: "two")
            let balancer = fleet.platform.balancer(fleet.paths)
            let (now, early) = (WallClock.now, WallClock.now - 3600)
            #expect(balancer.hasNewCertificates(settings, now: early))
            let refused = try await balancer.renewCertificates(settings, now: early)
            #expect(refused.first?.message.contains("is not valid before") == true)
            #expect(!balancer.hasNewCertificates(settings, now: early), "told once")
            #expect(balancer.hasNewCertificates(settings, now: now))
            let news = try await balancer.renewCertificates(settings, now: now)
            #expect(news.first?.message.contains("is renewed") == true)
            #expect(try await fleet.subject(secure) == "subject=CN=two")
        }
    }

    @Test func `of clients is asked for where the listener says so`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let authority = Authority(sandbox)
            let (own, client, stranger) = (
                try await authority.make("own"), try await authority.make("client"),
                try await authority.make("stranger")
            )
            let secure = try address()
            let tls = ListenerTLS(certificate: own.certificate, key: own.key, clientCA: client.certificate)
            let settings = try fleet.with(Listener(secure, tls: tls))
            try await fleet.platform.converge(settings, token: fleet.token)
            try await fleet.start("aaaa", routed: true)
            func ask(_ pair: (certificate: String, key: String)?) async throws -> String {
                let shown = pair.map { ["--cert", $0.certificate, "--key", $0.key] } ?? []
                return try await curl(
                    shown + ["--cacert", own.certificate, "https://localhost:\(secure.port)/index.html"]
                )
            }
            #expect(try await ask(client) == "hello\n 200")
            #expect(try await ask(nil) == " 000")
            #expect(try await ask(stranger) == " 000")
        }
    }

    @Test(arguments: [
        ("no file", "there is no file"), ("no certificate", "has no certificate"),
        ("no key", "has no private key"),
        ("encrypted", "is encrypted"), ("expired", "expired at"),
        ("another key", "inconsistencies between private key and certificate"),
    ])
    func `that is no good is refused before anything is changed`(what: String, cause: String) async throws {
        try await LocalFleet.with { fleet, sandbox in
            let authority = Authority(sandbox)
            let pair = try await authority.make("one")
            var tls = ListenerTLS(certificate: pair.certificate, key: pair.key)
            switch what {
            case "no file": tls.certificate += "x"
            case "no certificate": tls.certificate = pair.key
            case "no key": tls.key = nil
            case "another key": tls.key = try await authority.make("two").key
            case "expired": tls = try await expired(authority)
            default:
                tls.key = "\(sandbox.path)/encrypted.key"
                try await ToolRunner().run(
                    ToolInvocation(
                        "openssl",
                        ["pkey", "-aes128", "-passout", "pass:x", "-in", pair.key, "-out", tls.key ?? ""]
                    )
                )
            }
            let settings = try fleet.with(Listener(try address(), tls: tls))
            let error = await #expect(throws: LocalPlatformError.self) {
                try await fleet.platform.check(settings)
            }
            #expect(error?.causes.joined().contains(cause) == true, "\(error?.causes ?? [])")
            #expect(try await fleet.platform.isListening(fleet.settings))
            #expect(!Files.exists(fleet.paths.certificates))
        }
    }

    /// The tool that makes certificates has no word for the past, but a time of its own.
    private func expired(_ authority: Authority) async throws -> ListenerTLS {
        let (certificate, key) = ("\(authority.folder)/old.pem", "\(authority.folder)/old.key")
        let database = "\(authority.folder)/ca"
        let script = """
            set -e; mkdir \(database); cd \(database); touch index; echo 01 > serial
            printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index\\nserial=serial\\nnew_certs_dir=.\\ndefault_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' > c
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(key) -out r -subj /CN=old
            openssl ca -batch -config c -selfsign -keyfile \(key) -in r -out \(certificate) -startdate 20200101000000Z -enddate 20210101000000Z
            """
        try await ToolRunner().run(ToolInvocation("sh", ["-c", script]))
        return ListenerTLS(certificate: certificate, key: key)
    }

    @Test func `is nowhere but in memory`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let pair = try await Authority(sandbox).make("one")
            let secure = try address()
            let settings = try fleet.with(
                Listener(secure, tls: ListenerTLS(certificate: pair.certificate, key: pair.key))
            )
            try await fleet.platform.converge(settings, token: fleet.token)
            let secret = try #require(
                try Files.readText(FilePath(pair.key)).split(separator: "\n").dropFirst().first
            )
            let found = try await ToolRunner().runUnchecked(
                ToolInvocation("grep", ["-rlF", "\(secret)", fleet.home.root.string])
            )
            #expect(found.text.isEmpty)
            let mount = try MountTable.current().under(fleet.paths.certificates)
            #expect(mount.map(\.type) == ["ramfs"])
            #expect(
                CertificateDates(
                    try #require(PEMText(try Files.read(FilePath(pair.certificate))).blocks.first)
                ) != nil
            )
        }
    }

    @Test(arguments: [[], [0x30], [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], [0x30, 0x03, 0x30, 0x05, 0x02]])
    func `that is none has no dates`(bytes: [UInt8]) {
        #expect(CertificateDates(der: bytes) == nil)
    }
}
