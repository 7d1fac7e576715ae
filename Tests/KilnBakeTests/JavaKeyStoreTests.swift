import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnBake

/// Stores are made, and read back, by pyjks.
@Suite struct `Java's trust store` {
    @Test func `gets no date after the epoch and stays readable`() async throws {
        let store = try await make(made: [1_600_000_000_000, 1_900_000_000_000])
        let clamped = try #require(JavaKeyStore.clampDates(of: store, to: 1_700_000_000))
        #expect(clamped.count == store.count)
        #expect(
            try await read(clamped) == "alias-0 1600000000000 X.509 3030\nalias-1 1700000000000 X.509 3031\n"
        )
    }

    @Test func `takes the moment of the bake for the epoch, before it too`() async throws {
        let store = try await make(made: [1_600_000_000_000, 1_600_000_020_000])
        let clamped = JavaKeyStore.clampDates(
            of: store,
            to: 1_700_000_000,
            made: [1_599_999_990...1_600_000_010]
        )
        let text = try await read(try #require(clamped))
        #expect(text == "alias-0 1700000000000 X.509 3030\nalias-1 1600000020000 X.509 3031\n")
    }

    @Test func `is the same whenever it was made`() async throws {
        let stores = [
            try await make(made: [1_800_000_000_001, 1_800_000_000_002]),
            try await make(made: [1_900_000_000_000, 1_900_000_000_000]),
        ]
        #expect(stores[0] != stores[1])
        let clamped = stores.map { JavaKeyStore.clampDates(of: $0, to: 1_700_000_000) }
        #expect(clamped[0] != nil)
        #expect(clamped[0] == clamped[1])
    }

    @Test func `is left alone under another password`() async throws {
        let store = try await make(made: [1_900_000_000_000], password: "somethingelse")
        #expect(JavaKeyStore.clampDates(of: store, to: 0) == nil)
        #expect(JavaKeyStore.clampDates(of: store, to: 0, password: "somethingelse") != nil)
    }

    @Test func `is left alone when it is cut off or altered anywhere`() async throws {
        let store = try await make(made: [1_900_000_000_000])
        for length in 0..<store.count {
            #expect(JavaKeyStore.clampDates(of: Array(store.prefix(length)), to: 0) == nil)
        }
        for place in store.indices {
            var altered = store
            altered[place] ^= 0x41
            #expect(JavaKeyStore.clampDates(of: altered, to: 0) == nil)
        }
    }

    @Test func `in a layer is rewritten with the layer's epoch`() async throws {
        let store = try await make(made: [1_900_000_000_000])
        try await Sandbox.with { sandbox in
            let path = try sandbox.write("", to: "tree/" + JavaKeyStore.trustStore)
            try Files.write(store, to: path)
            let tree = LayerTree(root: sandbox.path.appending("tree"))
            try Normalizer.normalize(tree, LayerEpochs(own: 1_700_000_000, newest: 1_700_000_000))
            let bytes = try tree.bytes(JavaKeyStore.trustStore)
            #expect(bytes == JavaKeyStore.clampDates(of: store, to: 1_700_000_000))
        }
    }

    private func make(made: [Int], password: String = JavaKeyStore.trustStorePassword) async throws -> [UInt8]
    {
        let script = """
            import jks, sys
            entries = []
            for i, made in enumerate(sys.argv[2:]):
                entry = jks.TrustedCertEntry.new(f"alias-{i}", bytes([0x30, 0x03, i]))
                entry.cert = bytes([0x30, 0x30 + i])
                entry.timestamp = int(made)
                entries.append(entry)
            sys.stdout.buffer.write(jks.KeyStore.new("jks", entries).saves(sys.argv[1]))
            """
        let arguments = ["-c", script, password] + made.map(String.init)
        return try await ToolRunner().run(ToolInvocation("/usr/bin/python3", arguments)).standardOutput
    }

    /// Alias, date, type and certificate of each entry, in the order of their aliases.
    private func read(_ store: [UInt8]) async throws -> String {
        let script = """
            import jks, sys
            store = jks.KeyStore.loads(sys.stdin.buffer.read(), "changeit")
            for name, entry in sorted(store.certs.items()):
                print(name, entry.timestamp, entry.type, entry.cert.hex())
            """
        return try await ToolRunner().run(
            ToolInvocation("/usr/bin/python3", ["-c", script], input: store)
        ).text
    }
}
