import KilnDefinition
import KilnOCI
import KilnTestSupport
import Testing

@testable import KilnFleet

@Suite struct `Listeners that are written down` {
    private static let old = #"{"address":"127.0.0.1","port":8080}"#
    private static let address = ListenAddress(address: "127.0.0.1", port: 8080)

    @Test func `as one address, as before there were several, are read and stay so`() throws {
        let listen = try CanonicalJSON.decode(Listeners.self, from: Array(Self.old.utf8))
        #expect(listen == Listeners(Self.address))
        #expect(String(decoding: try CanonicalJSON.encode(listen), as: UTF8.self) == Self.old)
    }

    @Test func `are read back as they were`() throws {
        let listen = Listeners([
            Listener(Self.address),
            Listener(
                ListenAddress(address: "::1", port: 443),
                port: .name("admin"),
                tls: ListenerTLS(certificate: "/c")
            ),
            Listener(ListenAddress(address: "0.0.0.0", port: 80), redirects: true),
            Listener(ListenAddress(address: "0.0.0.0", port: 53), port: .number(5353), mode: .tcp),
        ])
        let policy = FleetPolicy(listen: listen)
        let read = try CanonicalJSON.decode(FleetPolicy.self, from: try CanonicalJSON.encode(policy))
        #expect(read == policy)
        #expect(
            listen.description
                == "127.0.0.1:8080, [::1]:443 to admin (https), 0.0.0.0:80 (redirects to https), 0.0.0.0:53 to 5353 (tcp)"
        )
        #expect(listen.named == ["admin": 443])
        #expect(listen.securePort(for: listen.all[2]) == 443)
    }

    @Test func `are told to others by one name each, whatever the order`() {
        let ports: [FleetName: [String: UInt16]] = [
            "a": ["b-c": 1, "x": 2], "a-b": ["c": 3], "a-x": ["http": 4], "stock": ["api": 5, "admin": 6],
        ]
        let addresses = ReleaseAssembler.addresses(["a-x": 7, "stock-api": 8], ports)
        #expect(
            addresses == [
                "A_B_C_ADDRESS": "a-b:3", "A_X_ADDRESS": "a-x:7", "A_X_HTTP_ADDRESS": "a-x:4",
                "STOCK_API_ADDRESS": "stock-api:8", "STOCK_ADMIN_ADDRESS": "stock:6",
            ]
        )
    }

    @Test func `differ in a plan by where they listen, and by their certificates where that is all`() {
        func policy(_ certificate: String) -> FleetPolicy {
            FleetPolicy(
                listen: Listeners([Listener(Self.address, tls: ListenerTLS(certificate: certificate))])
            )
        }
        let plain = FleetPolicy(listen: Listeners(Self.address))
        let first = PolicyDifference.changes(from: plain, to: policy("/a"))
        #expect(first.map(\.after) == ["127.0.0.1:8080 (https)"])
        let second = PolicyDifference.changes(from: policy("/a"), to: policy("/b"))
        #expect(second.map(\.after) == ["127.0.0.1:8080 (https) with certificate /b"])
    }

    @Test(arguments: [
        (Int64(0), "the certificate of a:1 expired at 1970-01-01T00:00:00Z"),
        (86_400 + 60, "the certificate of a:1 expires in 1 day, at 1970-01-02T00:01:00Z"),
        (60, "the certificate of a:1 expires in less than a day, at 1970-01-01T00:01:00Z"),
        (30 * 86_400, nil),
    ])
    func `warn of the end of a certificate`(expires: Int64, warning: String?) {
        let warnings = ListenerCertificate(address: "a:1", expires: expires).warnings(now: 0)
        #expect(warnings == [warning].compactMap(\.self))
    }

    @Test func `tell what is wrong with a certificate's files, and whether anybody can connect`() {
        let closed = ListenerCertificate(address: "a:1", expires: nil, trouble: "there is no file /c.pem")
        #expect(closed.warnings(now: 0) == ["a:1 is closed: there is no file /c.pem"])
        let old = ListenerCertificate(address: "a:1", expires: 0, trouble: "there is no file /c.pem")
        #expect(
            old.warnings(now: 0) == [
                "the certificate in the files of a:1 is not shown: there is no file /c.pem",
                "the certificate of a:1 expired at 1970-01-01T00:00:00Z",
            ]
        )
    }
}
