import KilnSystem
package import SystemPackage
import Testing

/// Debian's etcd on loopback, with its data in the test's own folder.
package struct TestEtcd {
    package static let isInstalled = Files.exists("/usr/bin/etcd") && Files.exists("/usr/bin/etcdctl")

    package let url: String
    /// Who signed its certificate, with TLS.
    package let authority: FilePath?
    package let certificate: FilePath?
    package let privateKey: FilePath?

    /// With `tls` clients have to show a certificate too.
    package static func with(
        _ sandbox: Sandbox,
        port: Int,
        tls: Bool = false,
        _ body: (TestEtcd) async throws -> Void
    ) async throws {
        let folder = sandbox.path.appending("etcd-\(port)")
        try Files.createDirectory(folder)
        if tls { try await makeCertificates(in: folder) }
        let etcd = TestEtcd(
            url: "\(tls ? "https" : "http")://127.0.0.1:\(port)",
            authority: tls ? folder.appending("ca.pem") : nil,
            certificate: tls ? folder.appending("cert.pem") : nil,
            privateKey: tls ? folder.appending("key.pem") : nil
        )
        var arguments = [
            "--data-dir", folder.appending("data").string, "--listen-client-urls", etcd.url,
            "--advertise-client-urls", etcd.url, "--listen-peer-urls", "http://127.0.0.1:\(port + 1)",
            "--log-level", "error",
        ]
        if let authority = etcd.authority, let certificate = etcd.certificate, let key = etcd.privateKey {
            arguments += [
                "--trusted-ca-file", authority.string, "--cert-file", certificate.string, "--key-file",
                key.string, "--client-cert-auth",
            ]
        }
        try await withThrowingTaskGroup(of: Void.self) { [arguments] group in
            group.addTask {
                _ = try await ToolRunner().stream(ToolInvocation("etcd", arguments)) { _ in }
            }
            defer { group.cancelAll() }
            try await eventually(within: 240, "etcd answers") {
                try await ToolRunner().runUnchecked(etcd.invocation(["endpoint", "health"])).status
                    == .exited(0)
            }
            try await body(etcd)
        }
    }

    package func control(_ arguments: String...) async throws {
        try await ToolRunner().run(invocation(arguments))
    }

    private func invocation(_ arguments: [String]) -> ToolInvocation {
        var options = ["--endpoints", url]
        if let authority, let certificate, let privateKey {
            options += [
                "--cacert", authority.string, "--cert", certificate.string, "--key", privateKey.string,
            ]
        }
        return ToolInvocation("etcdctl", options + arguments, environment: ["ETCDCTL_API": "3"])
    }

    /// One certificate, signed by an authority of its own, for both sides.
    private static func makeCertificates(in folder: FilePath) async throws {
        func path(_ name: String) -> String { folder.appending(name).string }
        let names = "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n"
        try Files.write(names, to: folder.appending("names"))
        let commands = [
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority",
                "-keyout", path("ca-key.pem"), "-out", path("ca.pem"),
            ],
            [
                "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=kiln", "-keyout", path("key.pem"),
                "-out", path("request.pem"),
            ],
            [
                "x509", "-req", "-in", path("request.pem"), "-CA", path("ca.pem"), "-CAkey",
                path("ca-key.pem"), "-CAcreateserial", "-days", "2", "-extfile", path("names"), "-out",
                path("cert.pem"),
            ],
        ]
        for command in commands { try await ToolRunner().run(ToolInvocation("openssl", command)) }
    }
}
